"""A log of which some scenarios were refined."""

from __future__ import annotations

from infra.daily_log.records import Log, LogActivity, LogScenario
from tests.infra.daily_log.stored_records import T0, S, activity, refinement, scenario


def refined_log() -> Log:
    records = [scenario(T0 + n * 30 * S) for n in range(3)]
    answers = [
        None,
        refinement(records[1], ["Ironing"]),
        refinement(records[2], ["Eating", "Ironing"]),
    ]
    return Log.of(
        [
            LogScenario(**record.model_dump(), refined=answer)
            for record, answer in zip(records, answers, strict=True)
        ],
        [LogActivity(**activity(T0 + at * S).model_dump()) for at in (25, 30, 55, 85)],
    )
