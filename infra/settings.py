"""The one home of every setting: environment over `.env` over default.

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
from infra.setting_types import (
    EMBEDDED,
    AnswerTokens,
    AppId,
    BrokerUrl,
    Count,
    Dollars,
    Expected,
    Folder,
    Host,
    HttpUrl,
    Interference,
    Level,
    Milliseconds,
    NamesFile,
    Port,
    Positive,
    Price,
    RedisUrl,
    Seconds,
    SecondsOrNone,
    SessionSeconds,
    Share,
    Switch,
    Text,
    TopicPart,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

__all__ = ["EMBEDDED", "PREFIX", "SettingRow", "Settings", "env_name", "load", "mask_url"]

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
    )

    broker_url: BrokerUrl = Field(
        EMBEDDED,
        description="Kafka bootstrap servers; embedded:// starts a broker with the worker that "
        "keeps topics in memory until it ends and ignores retention",
    )
    redis_url: RedisUrl = Field(
        EMBEDDED,
        description="Redis URL; embedded:// starts a Redis server with the worker that keeps the "
        "log in the run folder",
    )
    app_id: AppId = Field("egolog", description="consumer group id, and prefix of every Redis key")
    topic_prefix: TopicPart = Field("", description="prefix of every topic name")
    topic_partitions: Positive = Field(4, description="number of partitions of every topic")
    topic_replicas: Positive = Field(1, description="replication factor of every topic")
    run_dir: Folder = Field(Path(".run"), description="folder for logs, pid files and local state")
    weights_dir: Folder | None = Field(
        None, description="folder of the model weights; unset: the weights of the package"
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
    revisions_url: Text | None = Field(
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
    idle_timeout_s: Seconds = Field(
        10.0,
        description="how long windows wait for an idle stream once its topic is read to the end, "
        "s of wall-clock time",
    )
    session_end_timeout_s: Seconds = Field(
        300.0,
        description="how long a device may be idle before its session ends, s of wall-clock time",
    )
    join_grace_s: SecondsOrNone = Field(
        60.0,
        description="grace period: how long a join waits for missing parts, s of event time",
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
        0.35,
        description="far-field probability above which the interference gate closes and the audio "
        "is dropped; the default closes in at most 4 % of windows with a near source on validation "
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
    batch_wait_ms: Milliseconds = Field(5.0, description="maximum wait for a batch to fill, ms")
    in_flight_max: Positive = Field(64, description="maximum messages in flight per agent")
    stream_buffer_max: Positive = Field(32, description="maximum messages prefetched per agent")

    llm_base_url: HttpUrl | None = Field(
        None, description="base URL of an OpenAI-compatible API; unset: OpenAI's"
    )
    llm_api_key: SecretStr | None = Field(
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
        4_000, description="maximum labelled windows in the replay buffer, 20 kB each"
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
    log_retention_days: Positive = Field(30, description="log retention, days")
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
                f"setting {env_name('scenario_names')} has value '{self.scenario_names}': {error}: "
                "expected a JSON list of names, or a name a line"
            ) from error
        return self

    @property
    def bootstrap_servers(self) -> list[str]:
        """`host:port` of each broker; empty while `broker_url` is embedded."""
        if self.broker_url == EMBEDDED:
            return []
        return self.broker_url.removeprefix("kafka://").split(",")

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
    renamed = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in old_settings.successors(set_variables).items()
    }
    try:
        # The mypy plugin knows the fields, but not that these come from a caller's mapping.
        return Settings(_env_file=env_file, **{**renamed, **overrides})  # type: ignore[arg-type]
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
    for name in sorted(variables):
        if name not in known | NOT_SETTINGS:
            raise SettingsError(_unknown(name))


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
    return f"setting {env_name(name)} has value '{value}': expected {_expected(name)}"


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


def _shown(value: object) -> str:
    return "" if value is None else mask_url(str(value))
