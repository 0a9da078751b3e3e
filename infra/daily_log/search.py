"""What a log holds of one scenario, whoever named it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.records import Log

if TYPE_CHECKING:
    from infra.daily_log.records import LogScenario


def of_scenario(log: Log, name: str) -> Log:
    """Return the records that were refined to `name` or lead to it, and the activities in them.

    Case does not count.
    """
    key = name.strip().casefold()
    scenarios = [record for record in log.scenarios if key in _named(record)]
    sessions: dict[str, list[LogScenario]] = {}
    for record in scenarios:
        sessions.setdefault(record.session_id, []).append(record)
    activities = [
        activity
        for activity in log.activities
        if any(
            record.start_ns <= activity.start_ns < record.end_ns
            for record in sessions.get(activity.session_id, ())
        )
    ]
    return Log.of(scenarios, activities)


def _named(record: LogScenario) -> set[str]:
    return {label.casefold() for label in (record.leading, *record.refined_labels)}
