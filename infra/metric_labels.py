"""The values that labels of metrics may have, as far as they are known in advance."""

from __future__ import annotations

from schemas.errors import (
    ChecksumError,
    InvalidError,
    MalformedError,
    TooLargeError,
    UnknownVersionError,
    WrongTypeError,
)

# What a worker cannot do without.
DEPENDENCIES = ("broker", "topics", "store", "disk")
DROP_REASONS = ("paused", "erased", "quiet", "share")
STAGES = (
    "windower",
    "localization",
    "scenario",
    "har",
    "join",
    "refiner",
    "log",
    "corrections",
    "notifications",
)
MODELS = ("localization", "near_field", "scenario_ahead", "scenario", "har", "lanhar")
# Kinds of results, as label values.
RESULT_KINDS = ("scenario", "activity")
WINDOW_KINDS = ("spatial", "har", "scenario")
LOG_ROWS = ("scenario", "refined", "activity", "correction")
# Renamed label values: `nobody` is now `none`, `again` `duplicate`, `unnamed` `unlabelled`. Both
# names together would count twice, so a query that selects an old value must add the new one.
REFINERS = ("llm", "expert", "none")
# Why a worker refuses a revision of the scenario network.
REFUSALS = ("unavailable", "damaged", "encoders", "trial", "model")
# Outcomes of an item of the fine-tuning queue, and of a fine-tuning run.
CORRECTED_WINDOWS = ("queued", "without_features")
NOTIFICATIONS = ("sent", "retried", "failed", "old")
FINETUNE_ITEMS = ("kept", "duplicate", "unlabelled", "other_encoders", "taken_back")
FINETUNE_OUTCOMES = (
    "accepted",
    "few",
    "one_sided",
    "original",
    "queue",
    "pinned",
    "superseded",
    "failed",
)
# Outcomes of calls that failed and may be retried.
LLM_FAILURES = ("timeout", "status", "rate_limited", "connection", "malformed", "too_large")
# Outcomes of calls whose answer is unusable: invalid, without text, cut at the token limit, or
# refused by the model or a filter.
LLM_UNUSABLE = ("invalid", "empty", "length", "refusal")
LLM_OUTCOMES = (
    "answered",
    "cached",
    *LLM_FAILURES,
    *LLM_UNUSABLE,
    "breaker",
    "busy",
    "budget",
    "store",
)
SCHEMA_ERRORS = (
    TooLargeError,
    MalformedError,
    ChecksumError,
    WrongTypeError,
    UnknownVersionError,
    InvalidError,
)
