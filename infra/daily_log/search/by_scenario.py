"""The part of a log that is of one scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.records import Log
from infra.daily_log.search.matching import is_among, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.daily_log.corrections import AddedSpan
    from infra.daily_log.records import LogScenario


def of_scenario(log: Log, name: str) -> Log:
    """Return the scenario records labelled `name`, and the activities within them.

    Case is ignored.
    """
    key = name.strip().casefold()
    scenarios = [record for record in log.scenarios if key in names_of(record)]
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
    return Log.of(scenarios, activities, log.corrections)


def added_of_scenario(added: Iterable[AddedSpan], name: str) -> list[AddedSpan]:
    """Return the spans that were added as the scenario `name`; case is ignored."""
    return [
        each
        for each in added
        if each.row == "scenario"
        and is_among(name, {label.casefold() for label in each.word.labels})
    ]
