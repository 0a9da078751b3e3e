"""The one home of every setting: environment over `.env` over default.

Each setting is an environment variable `EGOLOG_<NAME>`, and each description names its unit.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from infra.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

PREFIX = "EGOLOG_"
EMBEDDED = "embedded://"
# Names with the prefix that are no settings of the pipeline: where tests find real recordings,
# and where the local Apache Kafka keeps its jars.
NOT_SETTINGS = frozenset({"EGOLOG_SHARED_DATA", "EGOLOG_KAFKA_LIBS"})


@dataclass(frozen=True)
class Want:
    """What a setting's value must be, as the error line says it."""

    text: str


def _broker_url(value: str) -> str:
    if value == EMBEDDED:
        return value
    scheme, _, rest = value.partition("://")
    if scheme != "kafka" or not all(_is_host_port(part) for part in rest.split(",")):
        raise ValueError
    return value


def _redis_url(value: str) -> str:
    if value != EMBEDDED and not _is_url(value, ("redis", "rediss")):
        raise ValueError
    return value


def _http_url(value: str) -> str:
    if not _is_url(value, ("http", "https")):
        raise ValueError
    return value


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        # .port raises ValueError for a port that is no number below 65536.
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_host_port(value: str) -> bool:
    try:
        parts = urlsplit(f"//{value}")
        return value == parts.netloc and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        return False


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Port = Annotated[int, Field(ge=1, le=65_535), Want("an integer between 1 and 65535")]
Positive = Annotated[int, Field(ge=1), Want("an integer of 1 or more")]
Count = Annotated[int, Field(ge=0), Want("an integer of 0 or more")]
WholeSeconds = Annotated[int, Field(ge=1), Want("a whole number of seconds, 1 or more")]
Seconds = Annotated[
    float, Field(gt=0, allow_inf_nan=False), Want("a number of seconds greater than 0")
]
SecondsOrNone = Annotated[
    float, Field(ge=0, allow_inf_nan=False), Want("a number of seconds, 0 or more")
]
Milliseconds = Annotated[
    float, Field(ge=0, allow_inf_nan=False), Want("a number of milliseconds, 0 or more")
]
Dollars = Annotated[
    float, Field(gt=0, le=1_000_000, allow_inf_nan=False), Want("a number of dollars above 0")
]
Price = Annotated[
    float, Field(ge=0, le=1_000_000, allow_inf_nan=False), Want("a number of dollars, 0 or more")
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Want("a number between 0 and 1")]
SessionSeconds = Annotated[
    float,
    # Kafka brokers refuse anything outside of these unless they are configured otherwise.
    Field(ge=6, le=1_800, allow_inf_nan=False),
    Want("a number of seconds between 6 and 1800"),
]
BrokerUrl = Annotated[
    str, AfterValidator(_broker_url), Want("embedded:// or kafka://host:port[,host:port]")
]
RedisUrl = Annotated[
    str, AfterValidator(_redis_url), Want("embedded://, redis://host:port or rediss://host:port")
]
HttpUrl = Annotated[str, AfterValidator(_http_url), Want("an http:// or https:// URL")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]+$"), Want("a host name or address")]
TopicPart = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]*$", max_length=64),
    Want("at most 64 letters, digits, dots, dashes and underscores"),
]
AppId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64),
    Want("1 to 64 letters, digits, dots, dashes and underscores"),
]
Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    BeforeValidator(_upper),
    Want("one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
]
Folder = Annotated[Path, Want("a path")]
Switch = Annotated[bool, Want("true or false")]
Text = Annotated[str, Field(min_length=1), Want("a text that is not empty")]


class _OwnKeys(DotEnvSettingsSource):
    """A `.env` file may serve other programs too: take only our own keys from it."""

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields
        return {name: value for name, value in super().__call__().items() if name in fields}


class Settings(BaseSettings):
    """Every setting of the pipeline; frozen, and safe to print: secrets are masked."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file_encoding="utf-8",
        # An empty variable is how a compose file passes on a variable that is not set.
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    broker_url: BrokerUrl = Field(
        EMBEDDED, description="Kafka's address, or embedded:// for an in-memory broker of our own"
    )
    redis_url: RedisUrl = Field(
        EMBEDDED, description="Redis' address, or embedded:// for a server of our own"
    )
    app_id: AppId = Field("egolog", description="consumer group, and prefix of every Redis key")
    topic_prefix: TopicPart = Field("", description="put before every topic's name")
    topic_partitions: Positive = Field(4, description="partitions of every topic")
    topic_replicas: Positive = Field(1, description="replicas of every partition")
    run_dir: Folder = Field(Path(".run"), description="folder for logs, pids and local state")
    weights_dir: Folder | None = Field(
        None, description="folder of model weights; none means those that come with the package"
    )

    wearer_adaptation: Switch = Field(
        False,
        description="whether each wearer's refined windows shift that wearer's scenarios; replays "
        "then need not give the same log",
    )
    revisions_url: Text | None = Field(
        None,
        description="where fine-tuned weights are kept, a folder or any fsspec URL; none means "
        "the folder `revisions` of the run folder",
    )

    spatial_window_s: WholeSeconds = Field(1, description="spatial window, s (EgoLog §4.2)")
    har_window_s: WholeSeconds = Field(5, description="activity window, s (EgoLog §4.3)")
    scenario_window_s: WholeSeconds = Field(30, description="scenario window, s (EgoLog §4.1)")
    segment_s: WholeSeconds = Field(
        2, description="key-frame segment of a scenario window, s (EgoLog §4.1.2)"
    )
    microphone_array: Annotated[
        Literal["glasses", "headphones"], Want("one of glasses, headphones")
    ] = Field("glasses", description="what devices with four microphones are (EgoLog §5.4)")
    allowed_lateness_s: SecondsOrNone = Field(
        2.0,
        description="how long after a newer sample an older one is still taken, s of event time",
    )
    idle_timeout_s: Seconds = Field(
        10.0,
        description="how long a silent stream is waited for once its topic is read to the end, "
        "s of wall time",
    )
    session_end_timeout_s: Seconds = Field(
        300.0,
        description="how long a device may be silent altogether before its session counts as "
        "ended, s of wall time",
    )
    join_grace_s: SecondsOrNone = Field(
        60.0, description="how long the join waits for missing parts, s of event time"
    )

    refine_below: Share = Field(
        0.5, description="scenarios less confident than this go to the refiner (EgoLog §4.4)"
    )
    review_below: Share = Field(
        1.0,
        description="scenarios less confident than this are looked at by the offline expert, who "
        "costs nothing, where no language model refines",
    )
    refine_context_s: SecondsOrNone = Field(
        300.0, description="how much of what came before the refiner is told, s of event time"
    )
    far_field_above: Share = Field(
        0.9, description="far-field probability above which audio is dropped (EgoLog §4.3)"
    )
    sound_event_above: Share = Field(
        0.3, description="probability above which a sound event is named (EgoLog §4.4.1)"
    )

    activity_unsure_below: Share = Field(
        0.5, description="activities less likely than this may go by a description (LanHAR)"
    )

    inference_threads: Positive = Field(2, description="threads that run networks")
    batch_max: Positive = Field(8, description="most windows in one batch")
    batch_wait_ms: Milliseconds = Field(5.0, description="longest wait for a batch to fill, ms")
    in_flight_max: Positive = Field(64, description="most messages in work in one agent")
    stream_buffer_max: Positive = Field(32, description="most messages read ahead in one agent")

    llm_base_url: HttpUrl | None = Field(
        None, description="base URL of an OpenAI-compatible API; none means the client's own"
    )
    llm_api_key: SecretStr | None = Field(None, description="API key; none: the offline expert")
    llm_model: Text = Field("gpt-4o-mini", description="name of the model that refines")
    llm_timeout_s: Seconds = Field(
        20.0, description="longest wait for one answer, retries and pauses included, s"
    )
    llm_retries: Count = Field(2, description="retries of one failed call")
    llm_concurrency: Positive = Field(4, description="most calls at the same time, per worker")
    llm_queue_max: Count = Field(
        1_000, description="most calls that wait for their turn, per worker; more are not made"
    )
    llm_breaker_failures: Positive = Field(
        5, description="failed calls in a row after which the endpoint is left alone"
    )
    llm_breaker_open_s: Seconds = Field(
        60.0, description="how long a failing endpoint is left alone before each trial, s"
    )
    llm_tokens_per_day: Positive | None = Field(
        None, description="most tokens a day (UTC) of all workers together; none means no limit"
    )
    llm_dollars_per_day: Dollars | None = Field(
        None, description="most dollars a day (UTC) of all workers together; none means no limit"
    )
    llm_dollars_per_million_in: Price = Field(
        0.0, description="price of a million tokens of prompts, dollars"
    )
    llm_dollars_per_million_out: Price = Field(
        0.0, description="price of a million tokens of answers, dollars"
    )
    llm_cache_days: Count = Field(
        30, description="how long an answer serves the same question again, days; 0 for never"
    )

    finetune_after: Positive = Field(
        100, description="new named windows after which the scenario network is tuned"
    )
    finetune_buffer_max: Positive = Field(
        4_000, description="most named windows that are kept to learn from, of 20 kB each"
    )
    finetune_threads: Positive = Field(1, description="threads of the process that tunes")
    finetune_sequence_steps: Count = Field(
        400,
        description="steps that train all of the scenario network after its head; 0 for the head",
    )
    finetune_metrics_port: Port | None = Field(
        None, description="port on the page's address for the fine-tuner's metrics; none for none"
    )

    web_host: Host = Field("127.0.0.1", description="address that the page listens on")
    web_port: Port = Field(6066, description="port that the page listens on")
    log_retention_days: Positive = Field(30, description="age at which daily logs go, days")
    commit_interval_s: Seconds = Field(1.0, description="time between two offset commits, s")
    session_timeout_s: SessionSeconds = Field(
        6.0, description="silence after which the broker gives a worker's partitions away, s"
    )
    log_level: Level = Field("INFO", description="least level that is logged")

    @model_validator(mode="after")
    def _windows_nest(self) -> Settings:
        for longer, shorter in (
            ("har_window_s", "spatial_window_s"),
            ("scenario_window_s", "har_window_s"),
            ("scenario_window_s", "segment_s"),
        ):
            value, step = getattr(self, longer), getattr(self, shorter)
            if value % step:
                raise ValueError(
                    f"setting {env_name(longer)} has value '{value}': want a multiple of "
                    f"{env_name(shorter)} ({step})"
                )
        return self

    @model_validator(mode="after")
    def _dollars_have_prices(self) -> Settings:
        prices = self.llm_dollars_per_million_in + self.llm_dollars_per_million_out
        if self.llm_dollars_per_day is not None and not prices:
            raise ValueError(
                f"setting {env_name('llm_dollars_per_day')} has value "
                f"'{self.llm_dollars_per_day:g}': want it with the model's prices, "
                f"{env_name('llm_dollars_per_million_in')} and "
                f"{env_name('llm_dollars_per_million_out')}"
            )
        return self

    @property
    def bootstrap_servers(self) -> list[str]:
        """`host:port` of each broker; empty while `broker_url` is embedded."""
        if self.broker_url == EMBEDDED:
            return []
        return self.broker_url.removeprefix("kafka://").split(",")

    @property
    def looked_at_below(self) -> float:
        """Confidence below which a scenario is put to whoever refines, the expert or a model."""
        if self.llm_api_key is not None:
            return self.refine_below
        return max(self.refine_below, self.review_below)

    def topic(self, name: str) -> str:
        """Return the broker's name of our topic `name`."""
        return f"{self.topic_prefix}{name}"

    def rows(self) -> list[SettingRow]:
        """Return one row a setting, in the order above; secrets are masked."""
        return [
            SettingRow(
                env_name(name),
                _shown(getattr(self, name)),
                _shown(field.get_default()),
                field.description or "",
            )
            for name, field in type(self).model_fields.items()
        ]

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Mask the passwords inside URLs; `SecretStr` masks itself."""
        for name, value in super().__repr_args__():
            yield name, mask_url(value) if isinstance(value, str) else value

    def __str__(self) -> str:
        return repr(self)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments over the environment over our own keys of the `.env` file."""
        dotenv = cast("DotEnvSettingsSource", dotenv_settings)
        return init_settings, env_settings, _OwnKeys(settings_cls, env_file=dotenv.env_file)


@dataclass(frozen=True)
class SettingRow:
    """One setting as text: `name` is its environment variable."""

    name: str
    value: str
    default: str
    description: str


def load(env_file: Path | None = Path(".env"), **overrides: object) -> Settings:
    """Read the settings; `overrides` by field name come before the environment.

    Raises `SettingsError` with one line for the first thing that is wrong.
    """
    _refuse_unknown(env_file)
    try:
        # The mypy plugin knows the fields, but not that these come from a caller's mapping.
        return Settings(_env_file=env_file, **overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingsError(_line(first)) from None


def env_name(field: str) -> str:
    """Return the environment variable of the setting `field`."""
    return PREFIX + field.upper()


def mask_url(value: str) -> str:
    """Return `value` with the user and password of a URL replaced by `**********`."""
    head, mark, tail = value.partition("://")
    secret, at, rest = tail.rpartition("@")
    return f"{head}{mark}**********@{rest}" if mark and at and secret else value


def _refuse_unknown(env_file: Path | None) -> None:
    known = {env_name(field) for field in Settings.model_fields}
    in_file = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    for name in sorted({*os.environ, *in_file}):
        if name.upper().startswith(PREFIX) and name.upper() not in known | NOT_SETTINGS:
            raise SettingsError(_unknown(name.upper()))


def _unknown(name: str) -> str:
    known = [env_name(field) for field in Settings.model_fields]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"setting {name} is unknown: did you mean {near[0]}?"


def _line(error: ErrorDetails) -> str:
    if not error["loc"]:
        return error["msg"].removeprefix("Value error, ")
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return _unknown(env_name(name))
    field = Settings.model_fields[name]
    secret = SecretStr.__name__ in str(field.annotation)
    value = "**********" if secret else mask_url(str(error["input"]))
    return f"setting {env_name(name)} has value '{value}': want {_want(name)}"


def _want(name: str) -> str:
    for part in _metadata(name):
        if isinstance(part, Want):
            return part.text
    return "a text"


def _metadata(name: str) -> Iterator[object]:
    field = Settings.model_fields[name]
    yield from field.metadata
    # In `X | None` the marker stays inside the union's first member.
    for member in getattr(field.annotation, "__args__", ()):
        yield from getattr(member, "__metadata__", ())


def _shown(value: object) -> str:
    return "" if value is None else mask_url(str(value))
