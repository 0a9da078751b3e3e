"""Every setting of the pipeline, with its type, default, description and unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from infra.secrets import mask_urls
from infra.settings.scenario_names import ScenarioNamesError, read_names
from infra.settings.services import ServiceSettings
from infra.settings.types import (
    AnswerTokens,
    AppId,
    Count,
    CpuAffinity,
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
    Seconds,
    SecondsOrNone,
    Secret,
    SessionSeconds,
    Share,
    SigningKey,
    StoreUrl,
    Switch,
    Text,
    TopicPart,
    WebToken,
)
from infra.settings.variables import PREFIX, OwnKeys, env_name


class Settings(ServiceSettings):
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
        "have them, or float32; on a GPU always float32",
    )
    device: Annotated[Literal["cpu", "cuda"], Expected("one of cpu, cuda")] = Field(
        "cpu",
        description="what a worker's networks run on: cpu, by ONNX Runtime, or cuda, an NVIDIA "
        "GPU, by torch and in batches. Records of a GPU are bit-equal to one another at any speed "
        "and in any company, on GPUs of one kind; those of a CPU differ in the last bits. The "
        "revision of what a GPU computed says +cuda",
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
        description="confidence below which the offline expert reviews a scenario that no "
        "language model is asked about",
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
        0.57,
        description="far-field probability above which the interference gate closes and the audio "
        "is dropped; the default closes in 4 % of composed validation windows with a near source "
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
    cpu_affinity: CpuAffinity = Field(
        "auto",
        description="core that a worker keeps its threads on, which saved a tenth of their CPU "
        "time with simulated wearers: auto, a fast one that no other worker of this machine has, "
        "if there is one; off, any; or its number; on Linux",
    )
    batch_max: Positive = Field(8, description="maximum batch size, windows; at least 64 on a GPU")
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
        256,
        description="maximum open connections to the page; more are refused, but for metrics and "
        "the state of health",
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
                f"'{self._text('scenario_names')}': {mask_urls(str(error))}: "
                "expected a JSON list of names, or a name a line"
            ) from error
        return self

    @property
    def raw_retention_s(self) -> int:
        """For how long processed sound and motion are kept, s."""
        return self.raw_retention_h * 3_600

    @property
    def refine_threshold(self) -> float:
        """Confidence below which a scenario is refined, by the language model or the expert."""
        return max(self.llm_confidence_threshold, self.expert_confidence_threshold)

    def topic(self, name: str) -> str:
        """Return the broker's name of our topic `name`."""
        return f"{self.topic_prefix}{name}"

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
        return init_settings, env_settings, OwnKeys(settings_cls, env_file=dotenv.env_file)
