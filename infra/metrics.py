"""Every metric of the pipeline, on prometheus_client's default registry.

Label sets known in advance are initialised to 0, so that "nothing went wrong" and "nothing is
measured" look different.
"""

from __future__ import annotations

from itertools import product
from math import nan
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from infra.metric_labels import (
    CORRECTED_WINDOWS,
    DEPENDENCIES,
    DROP_REASONS,
    FINETUNE_ITEMS,
    FINETUNE_OUTCOMES,
    LLM_FAILURES,
    LLM_OUTCOMES,
    LOG_ROWS,
    MODELS,
    NOTIFICATIONS,
    REFINERS,
    REFUSALS,
    RESULT_KINDS,
    SCHEMA_ERRORS,
    STAGES,
    WINDOW_KINDS,
)
from schemas.frames import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "REGISTRY",
    "batch_size",
    "classes",
    "confidence",
    "consumer_lag",
    "corrected_windows",
    "dead_letters",
    "devices_sending",
    "dropped",
    "duplicates",
    "expired",
    "familiarity",
    "finetune_buffer",
    "finetune_items",
    "finetune_runs",
    "finetune_seconds",
    "frames",
    "gap_seconds",
    "given_up",
    "in_flight",
    "inference_seconds",
    "initialise_newest_times",
    "initialise_topics",
    "labels_known",
    "late_samples",
    "llm_breaker_open",
    "llm_calls",
    "llm_dollars",
    "llm_retries",
    "llm_seconds",
    "llm_tokens",
    "llm_waiting",
    "log_records",
    "loop_blocked_seconds",
    "model_revision",
    "newest_time",
    "notifications",
    "offset_gaps",
    "overlaps",
    "rankings",
    "read_again",
    "read_again_gone",
    "refined",
    "reread_samples",
    "resets",
    "revisions_refused",
    "revisions_swapped",
    "scenarios",
    "speech_filtered",
    "stage_seconds",
    "unavailable",
    "uncertain_scenarios",
    "windows",
]

# A frame's stage ends when its window is published: milliseconds later at full replay speed, after
# a 30 s window and the wait for a silent modality in real time.
_STAGE_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)
# The worker's promise is at most 0.05 s.
_BLOCKED_BUCKETS = (0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0)
_INFERENCE_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_BATCH_BUCKETS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
_SHARE_BUCKETS = tuple(tenths / 10 for tenths in range(1, 11))
_TUNE_BUCKETS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_LLM_BUCKETS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0)

frames = Counter("egolog_frames", "Frames that were decoded", ["modality"])
devices_sending = Gauge(
    "egolog_devices_sending", "Devices of which a frame was taken in within the last minute"
)
newest_time = Gauge(
    "egolog_newest_time_seconds",
    "Newest event time that was read of a topic, s since the epoch; NaN before the first",
    ["topic"],
)
windows = Counter("egolog_windows", "Windows that were published", ["kind"])
late_samples = Counter(
    "egolog_late_samples", "Samples older than the watermark; they are in no window", ["modality"]
)
reread_samples = Counter(
    "egolog_reread_samples",
    "Samples read again after a restart, for windows that were published before",
    ["modality"],
)
gap_seconds = Counter(
    "egolog_gap_seconds", "Event time within windows that no sample covers, s", ["modality"]
)
duplicates = Counter("egolog_duplicates", "Duplicate frames, which are dropped", ["modality"])
resets = Counter(
    "egolog_resets", "Sequence or clock resets, each of which starts a new session", ["modality"]
)
overlaps = Counter(
    "egolog_overlaps", "Frames whose samples overlap those of another frame", ["modality"]
)
given_up = Counter(
    "egolog_given_up",
    "Streams that were waited for no longer because their session held too much",
    ["modality"],
)
speech_filtered = Counter(
    "egolog_speech_filtered", "Windows with speech whose sound, or all of which, was dropped"
)
dropped = Counter(
    "egolog_dropped_messages",
    "Messages of paused or erased devices, in quiet hours, or beyond a device's share",
    ["stage", "reason"],
)
dead_letters = Counter(
    "egolog_dead_letters", "Messages that could not be processed", ["topic", "reason"]
)
offset_gaps = Counter("egolog_offset_gaps", "Offset gaps, which are re-read", ["topic"])
expired = Counter(
    "egolog_expired_messages",
    "Offsets that the broker deleted before they were read, by retention or by hand",
    ["topic"],
)

read_again = Counter(
    "egolog_read_again_messages", "Committed messages read again because the store lost writes"
)
read_again_gone = Counter(
    "egolog_read_again_gone_messages",
    "Committed messages that the store lost and that are no longer in the broker",
)

stage_seconds = Histogram(
    "egolog_stage_seconds",
    "Time from a message's decoding to its results' publication, s",
    ["stage"],
    buckets=_STAGE_BUCKETS,
)
in_flight = Gauge("egolog_in_flight", "Messages in flight", ["stage"])
loop_blocked_seconds = Histogram(
    "egolog_loop_blocked_seconds",
    "Time for which the event loop computes before it turns to what is due, s",
    buckets=_BLOCKED_BUCKETS,
)
unavailable = Gauge(
    "egolog_unavailable",
    "1 while a worker lacks something that it needs, else 0; /api/health says what is wrong",
    ["dependency"],
)
consumer_lag = Gauge("egolog_consumer_lag", "Messages not read yet", ["topic", "partition"])

inference_seconds = Histogram(
    "egolog_inference_seconds",
    "Time one batch spends in a network, s",
    ["model"],
    buckets=_INFERENCE_BUCKETS,
)
batch_size = Histogram("egolog_batch_size", "Windows in a batch", ["model"], buckets=_BATCH_BUCKETS)
model_revision = Gauge(
    "egolog_model_revision_info", "1 for each model revision in use", ["model", "revision"]
)

revisions_swapped = Counter(
    "egolog_revisions_swapped",
    "Hot reloads: revisions of the scenario network that a worker switched to",
)
revisions_refused = Counter(
    "egolog_revisions_refused", "Revisions of the scenario network that were refused", ["reason"]
)

finetune_items = Counter(
    "egolog_finetune_items", "Items read from the fine-tuning queue", ["outcome"]
)
finetune_buffer = Gauge("egolog_finetune_buffer", "Labelled windows in the replay buffer")
finetune_runs = Counter("egolog_finetune_runs", "Fine-tuning runs, by outcome", ["outcome"])
finetune_seconds = Histogram(
    "egolog_finetune_seconds", "Time of a fine-tuning run, s", buckets=_TUNE_BUCKETS
)

llm_calls = Counter("egolog_llm_calls", "Questions to the language model, by outcome", ["outcome"])
llm_retries = Counter(
    "egolog_llm_retries",
    "Retried calls, by the outcome of the call that failed before",
    ["outcome"],
)
llm_tokens = Counter("egolog_llm_tokens", "Tokens of prompts and answers")
llm_dollars = Counter(
    "egolog_llm_dollars", "Cost of prompts and answers by the prices set, dollars"
)
llm_waiting = Gauge("egolog_llm_waiting", "Questions that wait for their turn in the queue")
llm_breaker_open = Gauge("egolog_llm_breaker_open", "1 while the circuit breaker is open, else 0")
llm_seconds = Histogram(
    "egolog_llm_seconds", "Time to an answer, retries included, s", buckets=_LLM_BUCKETS
)

labels_known = Gauge(
    "egolog_labels_known", "Labels that activity windows are ranked against (LanHAR)"
)
rankings = Counter("egolog_rankings", "Activity windows ranked against the known labels (LanHAR)")

scenarios = Counter("egolog_scenarios", "Scenario records that were joined")
uncertain_scenarios = Counter(
    "egolog_uncertain_scenarios", "Low-confidence or unknown scenario records"
)
classes = Counter(
    "egolog_classes", "Scenario and activity records, by what they say", ["kind", "name"]
)
confidence = Histogram(
    "egolog_confidence",
    "Probability of what a record most likely is",
    ["kind"],
    buckets=_SHARE_BUCKETS,
)
familiarity = Histogram(
    "egolog_familiarity",
    "How near a record's features are to those learned from; below 0.5 is unfamiliar",
    ["kind", "modality"],
    buckets=_SHARE_BUCKETS,
)
refined = Counter(
    "egolog_refined", "Low-confidence or contradicted scenario records, by refiner", ["by"]
)
log_records = Counter("egolog_log_records", "Records written to the daily log", ["row"])
corrected_windows = Counter(
    "egolog_corrected_windows",
    "Windows that wearers corrected, by whether their features were there to learn from",
    ["outcome"],
)
notifications = Counter(
    "egolog_notifications",
    "Targets that were told of something, by outcome; what is too old to tell counts once",
    ["outcome"],
)


def initialise_topics(topics: Iterable[str]) -> None:
    """Initialise the counters of these topics (the broker's names, with prefix) to 0."""
    for topic in topics:
        offset_gaps.labels(topic=topic)
        expired.labels(topic=topic)
        for error in SCHEMA_ERRORS:
            dead_letters.labels(topic=topic, reason=error.reason)


def initialise_newest_times(topics: Iterable[str]) -> None:
    """Initialise the newest times of these topics (the broker's names, with prefix) to NaN.

    As 0 they would be an age of decades.
    """
    for topic in topics:
        newest_time.labels(topic=topic).set(nan)


_BY_MODALITY: dict[str, Iterable[str]] = {"modality": MODALITIES}
# Metrics by the values of their labels, which are exported as 0 until they count.
_VALUES: tuple[tuple[Counter | Gauge | Histogram, Mapping[str, Iterable[str]]], ...] = (
    (frames, _BY_MODALITY),
    (late_samples, _BY_MODALITY),
    (reread_samples, _BY_MODALITY),
    (gap_seconds, _BY_MODALITY),
    (duplicates, _BY_MODALITY),
    (resets, _BY_MODALITY),
    (overlaps, _BY_MODALITY),
    (given_up, _BY_MODALITY),
    (windows, {"kind": WINDOW_KINDS}),
    (unavailable, {"dependency": DEPENDENCIES}),
    (stage_seconds, {"stage": STAGES}),
    (in_flight, {"stage": STAGES}),
    (dropped, {"stage": STAGES, "reason": DROP_REASONS}),
    (confidence, {"kind": RESULT_KINDS}),
    (familiarity, {"kind": RESULT_KINDS, **_BY_MODALITY}),
    (inference_seconds, {"model": MODELS}),
    (batch_size, {"model": MODELS}),
    (finetune_items, {"outcome": FINETUNE_ITEMS}),
    (finetune_runs, {"outcome": FINETUNE_OUTCOMES}),
    (llm_calls, {"outcome": LLM_OUTCOMES}),
    (llm_retries, {"outcome": LLM_FAILURES}),
    (revisions_refused, {"reason": REFUSALS}),
    (refined, {"by": REFINERS}),
    (log_records, {"row": LOG_ROWS}),
    (corrected_windows, {"outcome": CORRECTED_WINDOWS}),
    (notifications, {"outcome": NOTIFICATIONS}),
)


def _initialise() -> None:
    for metric, values in _VALUES:
        for labels in product(*values.values()):
            metric.labels(**dict(zip(values, labels, strict=True)))


_initialise()
