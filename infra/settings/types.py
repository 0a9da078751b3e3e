"""The types of settings, each with its validation and its wording in error messages."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from schemas.quiet_hours import QuietHours

EMBEDDED = "embedded://"
"""The URL of a broker or store that the worker starts and stops itself."""


@dataclass(frozen=True)
class Expected:
    """What a setting's value must be, as the error message words it."""

    text: str


@dataclass(frozen=True)
class Address:
    """Marks a setting that is a URL, which may carry a user and a password."""


def _quiet_hours(value: str) -> str:
    try:
        QuietHours.parse(value)
    except ValueError:
        # The error message already says what is expected.
        raise ValueError from None
    return value


def _broker_url(value: str) -> str:
    if value == EMBEDDED:
        return value
    scheme, _, rest = value.partition("://")
    servers = rest.split(",")
    if "@" in rest:
        raise ValueError(
            "host:port without a user: EGOLOG_BROKER_USERNAME and EGOLOG_BROKER_PASSWORD take it"
        )
    if scheme not in ("kafka", "kafka+ssl") or not all(_is_host_port(part) for part in servers):
        raise ValueError
    return value


def _redis_url(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme in ("redis+sentinel", "rediss+sentinel"):
        servers, _, path = rest.partition("/")
        service, _, database = path.partition("/")
        if not all(_is_host_port(server) for server in servers.split(",")):
            raise ValueError
        if not service or not (database or "0").isdecimal():
            raise ValueError
    elif scheme.endswith("+cluster"):
        raise ValueError(
            "one server or Sentinels: a cluster is not supported, because a device's records "
            "change several keys at once"
        )
    elif value != EMBEDDED and not _is_url(value, ("redis", "rediss")):
        raise ValueError
    return value


def _signing_key(value: SecretStr) -> SecretStr:
    keys = value.get_secret_value().split()
    if not keys or min(map(len, keys)) < 32:
        raise ValueError
    return value


def _device_keys(value: SecretStr) -> SecretStr:
    lines = [line.split() for line in value.get_secret_value().splitlines() if line.strip()]
    if not lines or any(len(words) != 2 or len(words[1]) < 32 for words in lines):
        raise ValueError
    return value


def _networks(value: str) -> str:
    try:
        for part in value.split(","):
            ip_network(part.strip())
    except ValueError:
        raise ValueError from None
    return value


def _token_command(value: str) -> str:
    try:
        words = shlex.split(value)
    except ValueError:
        raise ValueError("a command line whose quotes are closed") from None
    if not words:
        raise ValueError
    return value


def _http_url(value: str) -> str:
    if not _is_url(value, ("http", "https")):
        raise ValueError
    return value


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        # `.port` raises ValueError unless the port is a number below 65536.
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_host_port(value: str) -> bool:
    try:
        parts = urlsplit(f"//{value}")
        is_address = value == parts.netloc and "@" not in value
        return is_address and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        return False


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Port = Annotated[int, Field(ge=1, le=65_535), Expected("an integer between 1 and 65535")]
Positive = Annotated[int, Field(ge=1), Expected("an integer of 1 or more")]
Count = Annotated[int, Field(ge=0), Expected("an integer of 0 or more")]
Hours = Annotated[int, Field(ge=0, le=8_760), Expected("an integer between 0 and 8760")]
# The bytes read of a reply are proportional to it, and must fit into a worker's memory.
AnswerTokens = Annotated[int, Field(ge=1, le=100_000), Expected("an integer between 1 and 100000")]
Seconds = Annotated[
    float, Field(gt=0, allow_inf_nan=False), Expected("a number of seconds greater than 0")
]
SecondsOrNone = Annotated[
    float, Field(ge=0, allow_inf_nan=False), Expected("a number of seconds, 0 or more")
]
Milliseconds = Annotated[
    float, Field(ge=0, allow_inf_nan=False), Expected("a number of milliseconds, 0 or more")
]
Dollars = Annotated[
    float, Field(gt=0, le=1_000_000, allow_inf_nan=False), Expected("a number of dollars above 0")
]
Price = Annotated[
    float,
    Field(ge=0, le=1_000_000, allow_inf_nan=False),
    Expected("a number of dollars, 0 or more"),
]
Share = Annotated[
    float, Field(ge=0, le=1, allow_inf_nan=False), Expected("a number between 0 and 1")
]
CpuAffinity = Annotated[
    str,
    Field(pattern=r"^(auto|off|[0-9]{1,4})$"),
    Expected("auto, off or the number of a core"),
]
Interference = Annotated[Literal["off", "drop", "near"], Expected("one of off, drop, near")]
QuietText = Annotated[
    str,
    AfterValidator(_quiet_hours),
    Expected("spans of a day and a zone, as 22:00-07:00,12:30-13:00@Europe/Berlin"),
]
SessionSeconds = Annotated[
    float,
    # The range that Kafka brokers accept by default.
    Field(ge=6, le=1_800, allow_inf_nan=False),
    Expected("a number of seconds between 6 and 1800"),
]
BrokerUrl = Annotated[
    str,
    AfterValidator(_broker_url),
    Address(),
    Expected("embedded://, kafka://host:port[,host:port] or kafka+ssl://host:port[,host:port]"),
]
Sasl = Annotated[
    Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"],
    BeforeValidator(_upper),
    Expected("one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER"),
]
TokenCommand = Annotated[str, AfterValidator(_token_command), Expected("a command line")]
RedisUrl = Annotated[
    str,
    AfterValidator(_redis_url),
    Address(),
    Expected(
        "embedded://, redis://host:port, rediss://host:port or "
        "redis+sentinel://host:port[,host:port]/SERVICE"
    ),
]
HttpUrl = Annotated[
    str, AfterValidator(_http_url), Address(), Expected("an http:// or https:// URL")
]
StoreUrl = Annotated[str, Field(min_length=1), Address(), Expected("a folder or a URL")]
Networks = Annotated[
    str, AfterValidator(_networks), Expected("addresses or networks, as 10.0.0.0/8")
]
HostNames = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9.:_-]+( *, *[A-Za-z0-9.:_-]+)*$"),
    Expected("host names or addresses without ports, with commas between them"),
]
WebToken = Annotated[SecretStr, Field(min_length=16), Expected("at least 16 characters")]
SigningKey = Annotated[
    SecretStr,
    AfterValidator(_signing_key),
    Expected("keys of at least 32 characters without spaces, one a line"),
]
DeviceKeysText = Annotated[
    SecretStr,
    AfterValidator(_device_keys),
    Expected("a prefix of device ids and a key of at least 32 characters a line"),
]
Secret = Annotated[SecretStr, Field(min_length=1), Expected("a text that is not empty")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]+$"), Expected("a host name or address")]
TopicPart = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]*$", max_length=64),
    Expected("at most 64 letters, digits, dots, dashes and underscores"),
]
AppId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64),
    Expected("1 to 64 letters, digits, dots, dashes and underscores"),
]
Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    BeforeValidator(_upper),
    Expected("one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
]
Folder = Annotated[Path, Expected("a path")]
NamesFile = Annotated[Path, Expected("a path, or own")]
Switch = Annotated[bool, Expected("true or false")]
Text = Annotated[str, Field(min_length=1), Expected("a text that is not empty")]
