"""All settings of the pipeline, read from the environment, then `.env`, then defaults.

Each setting is an environment variable `EGOLOG_<NAME>`, and each description names its unit.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from infra import old_settings
from infra.errors import SettingsError
from infra.scenario_names import ScenarioNamesError, read_names
from infra.secrets import FILE_SUFFIX, MASK, mask_address, mask_urls, read_secret
from infra.setting_types import (
    EMBEDDED,
    Address,
    AnswerTokens,
    AppId,
    BrokerUrl,
    Count,
    DeviceKeysText,
    Dollars,
    Expected,
    Folder,
    Host,
    HostNames,
    Hours,
    HttpUrl,
    Interference,
    Level,
    Milliseconds,
    NamesFile,
    Networks,
    Port,
    Positive,
    Price,
    QuietText,
    RedisUrl,
    Sasl,
    Seconds,
    SecondsOrNone,
    Secret,
    SessionSeconds,
    Share,
    SigningKey,
    StoreUrl,
    Switch,
    Text,
    TokenCommand,
    TopicPart,
    WebToken,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

__all__ = ["EMBEDDED", "PREFIX", "SettingRow", "Settings", "env_name", "load"]

PREFIX = "EGOLOG_"
# Names with the prefix that are no settings of the pipeline: where tests find real recordings,
# and where the local Apache Kafka keeps its jars.
NOT_SETTINGS = frozenset({"EGOLOG_SHARED_DATA", "EGOLOG_KAFKA_LIBS"})


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
        # What pydantic itself would say of a value that it does not take.
        hide_input_in_errors=True,
    )

    broker_url: BrokerUrl = Field(
        EMBEDDED,
        description="Kafka bootstrap servers, with TLS as kafka+ssl://; embedded:// starts a "
        "broker with the worker that keeps topics in memory until it ends and ignores retention",
    )
    broker_ca: Folder | None = Field(
        None,
        description="PEM file of the authorities that the brokers' certificates come from; unset: "
        "the machine's own",
    )
    broker_certificate: Folder | None = Field(
        None, description="PEM file of this client's certificate; unset: none is shown"
    )
    broker_key: Folder | None = Field(
        None,
        description="PEM file of the client certificate's private key; unset: it is in the "
        "certificate's file",
    )
    broker_key_password: Secret | None = Field(
        None, description="password of the private key; unset: it has none"
    )
    broker_sasl: Sasl | None = Field(
        None, description="SASL mechanism; unset: no login, or that by the client's certificate"
    )
    broker_username: Text | None = Field(None, description="user of PLAIN and SCRAM")
    broker_password: Secret | None = Field(None, description="password of PLAIN and SCRAM")
    broker_token_command: TokenCommand | None = Field(
        None, description="command that prints a token for OAUTHBEARER; no shell reads it"
    )
    redis_url: RedisUrl = Field(
        EMBEDDED,
        description="Redis URL, with TLS as rediss://, of Sentinels as "
        "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE; embedded:// starts a Redis server with the "
        "worker that keeps the log in the run folder",
    )
    redis_username: Text | None = Field(
        None, description="Redis user; unset: the URL's, or the default one"
    )
    redis_password: Secret | None = Field(None, description="Redis password; unset: the URL's")
    redis_ca: Folder | None = Field(
        None,
        description="PEM file of the authorities that Redis' certificate comes from; unset: the "
        "machine's own",
    )
    redis_certificate: Folder | None = Field(
        None, description="PEM file of this client's certificate for Redis; unset: none is shown"
    )
    redis_key: Folder | None = Field(
        None, description="PEM file of that certificate's private key; unset: it is in its file"
    )
    redis_sentinel_password: Secret | None = Field(
        None, description="password of the Sentinels; unset: they ask for none"
    )
    signing_key: SigningKey | None = Field(
        None,
        description="keys of who may change labels, revisions, devices and the log, one a line: "
        "the first signs, and each is taken; unset: nothing is signed",
    )
    device_keys: DeviceKeysText | None = Field(
        None,
        description="keys of who may send frames, each line a prefix of device ids and a key: the "
        "longest prefix counts, its first key signs, and each of its keys is taken; unset: frames "
        "are not signed",
    )
    app_id: AppId = Field("egolog", description="consumer group id, and prefix of every Redis key")
    topic_prefix: TopicPart = Field("", description="prefix of every topic name")
    topic_partitions: Positive = Field(4, description="number of partitions of every topic")
    topic_replicas: Positive = Field(1, description="replication factor of every topic")
    debug_topics: Switch = Field(
        False,
        description="whether windows and scenario estimates are published too, which only whoever "
        "debugs reads: 2 GB a day of a wearer",
    )
    keep_features_h: Hours = Field(
        0,
        description="how long a picture of each half minute is kept to look at, h of wall-clock "
        "time: its sound in tenths of a second and 32 bands, and how much the head moved; 0: none",
    )
    run_dir: Folder = Field(Path(".run"), description="folder for logs, pid files and local state")
    weights_dir: Folder | None = Field(
        None, description="folder of the model weights; unset: the weights of the package"
    )
    precision: Annotated[Literal["int8", "float32"], Expected("one of int8, float32")] = Field(
        "int8",
        description="what sound is computed in: eight bits, at half the cost, where the weights "
        "have them, or float32",
    )
    audio_tagger: Folder | None = Field(
        None,
        description="file of an EfficientAT network trained on AudioSet (mn*_as*.pt) that names "
        "the sound events; unset: the package's own recogniser (EgoLog §4.4.1)",
    )
    wearer_adaptation: Switch = Field(
        False,
        description="whether refined windows adapt the scenarios to each wearer; a replay is then "
        "no longer reproducible",
    )
    correction_adaptation: Switch = Field(
        True,
        description="whether windows that a wearer corrected adapt the scenarios to that wearer at "
        "once, beside being queued for the shared network",
    )
    revisions_url: StoreUrl | None = Field(
        None,
        description="store of the fine-tuned weights, a folder or any fsspec URL; unset: the "
        "folder `revisions` in the run folder",
    )

    microphone_array: Annotated[
        Literal["glasses", "headphones"], Expected("one of glasses, headphones")
    ] = Field("glasses", description="device that carries four microphones (EgoLog §5.4)")
    allowed_lateness_s: SecondsOrNone = Field(
        2.0,
        description="allowed lateness: how long a missing frame is waited for, s of event time",
    )
    outage_s: Seconds = Field(
        60.0,
        description="how long commands are retried while Redis is away or refuses, before the "
        "worker ends, s",
    )
    speech_filter: Annotated[
        Literal["off", "drop-features", "drop-window"],
        Expected("one of off, drop-features, drop-window"),
    ] = Field(
        "off",
        description="what is dropped of windows in which somebody may speak, before they leave the "
        "windower: nothing; their sound, with all that is computed from it; or all of them",
    )
    speech_detector: Annotated[Literal["own", "silero"], Expected("one of own, silero")] = Field(
        "own",
        description="what hears that somebody speaks, where speech is filtered: the package's own "
        "recogniser, or Silero VAD beside it, with the extra `speech`",
    )
    speech_above: Share = Field(
        0.1,
        description="probability of a voice from which a second counts as speech, where it is "
        "filtered",
    )
    quiet_hours: QuietText | None = Field(
        None,
        description="hours in which frames of all devices are dropped, as "
        "22:00-07:00,12:30-13:00@Europe/Berlin; UTC where no zone is given; unset: none",
    )
    raw_retention_h: Positive = Field(
        1,
        description="how long raw sound and motion stay in Kafka once they were processed, hours; "
        "what was not is kept for a day, or for as long as this is longer",
    )
    dead_letter_sound: Switch = Field(
        False,
        description="whether dead letters of sound keep the sound, for debugging; otherwise they "
        "keep their header and its hash",
    )
    stream_behind_max_s: Seconds = Field(
        60.0,
        description="how far an idle stream may be behind the others of its session once its own "
        "topic is read to the end, while others are not, s of event time",
    )
    device_held_mb: Positive = Field(
        64,
        description="memory that a session of a device may hold before it waits no longer for the "
        "stream that is behind, MB",
    )
    device_frames_per_s: Positive = Field(
        250,
        description="maximum frames of sound, and of motion, of a device per second of event time, "
        "in all its sessions; more are dropped and counted",
    )
    device_bytes_per_s: Positive = Field(
        1_000_000,
        description="maximum bytes of sound, and of motion, of a device per second of event time, "
        "in all its sessions; more are dropped and counted",
    )
    idle_timeout_s: Seconds = Field(
        10.0,
        description="how long windows wait for an idle stream once its topic is read to the end, "
        "s of wall-clock time",
    )
    session_end_timeout_s: Seconds = Field(
        300.0,
        description="how long a device may be idle before its session ends, s of wall-clock time",
    )
    llm_confidence_threshold: Share = Field(
        0.5,
        description="confidence below which a scenario counts as low-confidence and is refined by "
        "the language model (EgoLog §4.4)",
    )
    expert_confidence_threshold: Share = Field(
        1.0,
        description="confidence below which the offline expert reviews a scenario where no "
        "language model is configured",
    )
    scenario_names: NamesFile | None = Field(
        None,
        description="file of the scenarios that the language model may name beside the network's "
        "own: a JSON list, or a name a line; own: no others; unset: Ego4D's (EgoLog §5.1)",
    )
    refine_context_s: SecondsOrNone = Field(
        300.0, description="how much preceding context the refiner is given, s of event time"
    )
    interference: Interference = Field(
        "drop",
        description="what activities hear where far sound interferes: off, all of it; drop, "
        "silence where only far sound is here; near, besides, the near field alone of seconds with "
        "a far source, on devices with two microphones (EgoLog §4.3)",
    )
    far_field_above: Share = Field(
        0.65,
        description="far-field probability above which the interference gate closes and the audio "
        "is dropped; the default closes in at most 3 % of windows with a near source on validation "
        "(EgoLog §4.3)",
    )
    near_field_from: Share = Field(
        0.5,
        description="probability of a far source from which a second's near field is extracted, "
        "where interference is near (EgoLog §4.3)",
    )
    sound_event_above: Share = Field(
        0.3, description="probability above which a sound event is reported (EgoLog §4.4.1)"
    )

    activity_unsure_below: Share = Field(
        0.5,
        description="confidence below which an activity may be named by a known label (LanHAR "
        "§3.6)",
    )

    inference_threads: Positive = Field(2, description="number of inference threads")
    batch_max: Positive = Field(8, description="maximum batch size, windows")
    batch_wait_ms: Milliseconds = Field(0.0, description="maximum wait for a batch to fill, ms")
    in_flight_max: Positive = Field(64, description="maximum messages in flight per agent")
    stream_buffer_max: Positive = Field(32, description="maximum messages prefetched per agent")

    llm_base_url: HttpUrl | None = Field(
        None, description="base URL of an OpenAI-compatible API; unset: OpenAI's"
    )
    llm_api_key: Secret | None = Field(
        None, description="API key of the language model; unset: the offline expert refines"
    )
    llm_model: Text = Field("gpt-4o-mini", description="name of the language model")
    llm_answer_tokens_max: AnswerTokens = Field(
        200, description="maximum tokens of one answer, including a reasoning model's thoughts"
    )
    llm_timeout_s: Seconds = Field(
        20.0, description="timeout of one answer, including its retries and their backoff, s"
    )
    llm_retries: Count = Field(2, description="maximum retries of a failed call")
    llm_concurrency: Positive = Field(4, description="maximum concurrent calls per worker")
    llm_queue_max: Count = Field(
        1_000, description="maximum queued calls per worker; calls beyond it are not made"
    )
    llm_breaker_failures: Positive = Field(
        5, description="consecutive failures that open the circuit breaker"
    )
    llm_breaker_open_s: Seconds = Field(
        60.0, description="how long the circuit breaker stays open before each trial call, s"
    )
    llm_tokens_per_day: Positive | None = Field(
        None, description="token budget per day (UTC) for all workers together; unset: no limit"
    )
    llm_dollars_per_day: Dollars | None = Field(
        None,
        description="cost budget per day (UTC) for all workers together, dollars; unset: no limit",
    )
    llm_dollars_per_million_in: Price = Field(
        0.0, description="price per million prompt tokens, dollars"
    )
    llm_dollars_per_million_out: Price = Field(
        0.0, description="price per million completion tokens, dollars"
    )
    llm_cache_days: Count = Field(
        30, description="how long answers are cached, days; 0 turns the cache off"
    )

    finetune_after: Positive = Field(
        100, description="new labelled windows after which the scenario network is fine-tuned"
    )
    finetune_buffer_max: Positive = Field(
        4_000, description="maximum labelled windows in the replay buffer, 7 kB each"
    )
    finetune_threads: Positive = Field(1, description="number of training threads")
    finetune_sequence_steps: Count = Field(
        400,
        description="training steps of the whole scenario network after those of its head; 0: "
        "only the head is trained",
    )
    finetune_metrics_port: Port | None = Field(
        None,
        description="port of the fine-tuner's Prometheus metrics, on the page's address; unset: "
        "not served",
    )

    web_host: Host = Field("127.0.0.1", description="address that the page listens on")
    web_port: Port = Field(6066, description="port that the page listens on")
    web_token: WebToken | None = Field(
        None,
        description="token that the page and its addresses ask for, as `Authorization: Bearer` or "
        "by a login; unset: everybody who reaches the page may read",
    )
    web_trusted_proxy: Networks | None = Field(
        None,
        description="addresses or networks of proxies that know who asks; from elsewhere the token "
        "is needed",
    )
    web_hosts: HostNames | None = Field(
        None,
        description="host names under which the page may be asked; unset: loopback's own on "
        "loopback, any elsewhere",
    )
    web_connections_max: Positive = Field(
        256, description="maximum open connections to the page; more are refused"
    )
    log_retention_days: Positive = Field(30, description="log retention, days")
    notifications: Folder | None = Field(
        None,
        description="TOML file of rules and of whom they tell: webhooks, ntfy, MQTT; unset: nobody",
    )
    commit_interval_s: Seconds = Field(1.0, description="interval between offset commits, s")
    session_timeout_s: SessionSeconds = Field(
        6.0,
        description="session timeout: silence after which a worker's partitions are reassigned, s",
    )
    log_level: Level = Field("INFO", description="minimum log level")

    @model_validator(mode="after")
    def _dollars_have_prices(self) -> Settings:
        prices = self.llm_dollars_per_million_in + self.llm_dollars_per_million_out
        if self.llm_dollars_per_day is not None and not prices:
            raise ValueError(
                f"setting {env_name('llm_dollars_per_day')} has value "
                f"'{self.llm_dollars_per_day:g}': expected it with the model's prices, "
                f"{env_name('llm_dollars_per_million_in')} and "
                f"{env_name('llm_dollars_per_million_out')}"
            )
        return self

    @model_validator(mode="after")
    def _scenario_names_are_names(self) -> Settings:
        try:
            read_names(self.scenario_names)
        except ScenarioNamesError as error:
            raise ValueError(
                f"setting {env_name('scenario_names')} has value "
                f"'{_shown('scenario_names', self.scenario_names)}': {mask_urls(str(error))}: "
                "expected a JSON list of names, or a name a line"
            ) from error
        return self

    @model_validator(mode="after")
    def _broker_login_is_whole(self) -> Settings:
        """Refuse what would not be used, and what would be sent where others can read it."""
        tls, sasl = self.broker_tls, self.broker_sasl
        for name in ("broker_ca", "broker_certificate"):
            if getattr(self, name) is not None and not tls:
                raise self._needs(name, f"it with kafka+ssl:// in {env_name('broker_url')}")
        for name in ("broker_key", "broker_key_password"):
            if getattr(self, name) is not None and self.broker_certificate is None:
                raise self._needs(name, f"it with {env_name('broker_certificate')}")
        if sasl in ("PLAIN", "OAUTHBEARER") and not tls:
            raise self._needs("broker_sasl", f"it with kafka+ssl:// in {env_name('broker_url')}")
        wanted = {
            None: (),
            "OAUTHBEARER": ("broker_token_command",),
        }.get(sasl, ("broker_username", "broker_password"))
        for name in wanted:
            if getattr(self, name) is None:
                raise self._needs("broker_sasl", f"it with {env_name(name)}")
        for name in ("broker_username", "broker_password", "broker_token_command"):
            if getattr(self, name) is not None and name not in wanted:
                raise self._needs(name, f"it with {env_name('broker_sasl')} for which it is meant")
        return self

    @model_validator(mode="after")
    def _redis_login_is_whole(self) -> Settings:
        scheme = self.redis_url.partition("://")[0]
        for name in ("redis_ca", "redis_certificate"):
            if getattr(self, name) is not None and not scheme.startswith("rediss"):
                raise self._needs(name, f"it with rediss:// in {env_name('redis_url')}")
        if self.redis_key is not None and self.redis_certificate is None:
            raise self._needs("redis_key", f"it with {env_name('redis_certificate')}")
        if self.redis_username is not None and self.redis_password is None:
            raise self._needs("redis_username", f"it with {env_name('redis_password')}")
        if self.redis_sentinel_password is not None and not scheme.endswith("+sentinel"):
            raise self._needs(
                "redis_sentinel_password", f"it with redis+sentinel:// in {env_name('redis_url')}"
            )
        return self

    def _needs(self, name: str, expected: str) -> ValueError:
        value = _shown(name, getattr(self, name))
        return ValueError(f"setting {env_name(name)} has value '{value}': expected {expected}")

    @property
    def broker_tls(self) -> bool:
        """Whether connections to the brokers are encrypted."""
        return self.broker_url.startswith("kafka+ssl://")

    @property
    def bootstrap_servers(self) -> list[str]:
        """`host:port` of each broker; empty while `broker_url` is embedded."""
        if self.broker_url == EMBEDDED:
            return []
        return self.broker_url.partition("://")[2].split(",")

    @property
    def refine_threshold(self) -> float:
        """Confidence below which a scenario is refined, by the language model or the expert."""
        if self.llm_api_key is not None:
            return self.llm_confidence_threshold
        return max(self.llm_confidence_threshold, self.expert_confidence_threshold)

    def topic(self, name: str) -> str:
        """Return the broker's name of our topic `name`."""
        return f"{self.topic_prefix}{name}"

    def rows(self) -> list[SettingRow]:
        """Return one row a setting, in the order above; secrets are masked."""
        return [
            SettingRow(
                env_name(name),
                _shown(name, getattr(self, name)),
                _shown(name, field.get_default()),
                (field.description or "") + _file_hint(name),
            )
            for name, field in type(self).model_fields.items()
        ]

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Mask what URLs carry; `SecretStr` masks itself."""
        for name, value in super().__repr_args__():
            is_text = isinstance(value, str | Path)
            yield name, type(value)(_shown(name, value)) if is_text else value

    def __str__(self) -> str:
        return repr(self)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is its base class's
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
    variables = _variables(env_file)
    _refuse_unknown(variables)
    set_variables = {name: value for name, value in variables.items() if value}
    from_files = _from_files(set_variables)
    renamed = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in old_settings.successors(set_variables).items()
    }
    try:
        # The mypy plugin knows the fields, but not that these come from a caller's mapping.
        return Settings(_env_file=env_file, **{**renamed, **from_files, **overrides})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingsError(_line(first)) from None


def env_name(field: str) -> str:
    """Return the environment variable of the setting `field`."""
    return PREFIX + field.upper()


def may_be_in_file(field: str) -> bool:
    """Return whether `EGOLOG_<FIELD>_FILE` may name a file that holds this setting's value."""
    return _is_secret(field) or _is_address(field)


def _variables(env_file: Path | None) -> dict[str, str]:
    """Return our variables by name in upper case, the environment over the file; empty ones too."""
    in_file = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    variables: dict[str, str] = {}
    for source in (in_file, os.environ):
        for name, value in source.items():
            # An empty variable counts as not set, so it hides no line of the file.
            if name.upper().startswith(PREFIX) and (value or name.upper() not in variables):
                variables[name.upper()] = value or ""
    return variables


def _refuse_unknown(variables: Mapping[str, str]) -> None:
    known = {env_name(field) for field in Settings.model_fields} | old_settings.NAMES
    known |= {
        env_name(field) + FILE_SUFFIX for field in Settings.model_fields if may_be_in_file(field)
    }
    for name in sorted(variables):
        if name not in known | NOT_SETTINGS:
            raise SettingsError(_unknown(name))


def _from_files(variables: Mapping[str, str]) -> dict[str, str]:
    """Return by field what the files hold that variables name."""
    values: dict[str, str] = {}
    for field in filter(may_be_in_file, Settings.model_fields):
        name = env_name(field) + FILE_SUFFIX
        path = variables.get(name)
        if path is None:
            continue
        if env_name(field) in variables:
            raise SettingsError(f"settings {env_name(field)} and {name} are both set: expected one")
        try:
            values[field] = read_secret(Path(path))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if isinstance(error, UnicodeDecodeError):
                reason = "it is not text"
            raise SettingsError(
                f"setting {name} has value '{path}': expected a file that holds "
                f"{env_name(field)} ({reason.lower()})"
            ) from None
    return values


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
    value = str(error["input"])
    if _is_secret(name):
        value = MASK
    else:
        value = mask_address(value) if _is_address(name) else mask_urls(value)
    # A validator that has more to say than its type.
    reason = str(error.get("ctx", {}).get("error") or "")
    return f"setting {env_name(name)} has value '{value}': expected {reason or _expected(name)}"


def _is_secret(name: str) -> bool:
    return SecretStr.__name__ in str(Settings.model_fields[name].annotation)


def _is_address(name: str) -> bool:
    return any(isinstance(part, Address) for part in _metadata(name))


def _file_hint(name: str) -> str:
    return f"; or {env_name(name)}{FILE_SUFFIX} names a file with it" if _is_secret(name) else ""


def _expected(name: str) -> str:
    for part in _metadata(name):
        if isinstance(part, Expected):
            return part.text
    return "a text"


def _metadata(name: str) -> Iterator[object]:
    field = Settings.model_fields[name]
    yield from field.metadata
    # In `X | None` the marker stays inside the union's first member.
    for member in getattr(field.annotation, "__args__", ()):
        yield from getattr(member, "__metadata__", ())


def _shown(name: str | None, value: object) -> str:
    text = "" if value is None else str(value)
    return mask_address(text) if name and _is_address(name) else mask_urls(text)
