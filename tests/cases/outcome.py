"""Whether a log is all that it should be: a record for every window that a recording reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.frames import NS
from tests.cases.expect import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from models.recordings.protocol import Recording
    from schemas import Activity, Scenario
    from tests.cases.worker import Log

SCENARIO_S, ACTIVITY_S = 30, 5
_MAX_LISTED = 3


def judge_log(recording: Recording, log: Log) -> Verdict:
    """Compare a recording's log with its length: each 30 s and each 5 s once, no dead letter."""
    wrong: list[str] = []
    spans = list(_spans(recording))
    for name, records, length_s in (
        ("scenario", log.scenarios, SCENARIO_S),
        ("activity", log.activities, ACTIVITY_S),
    ):
        wrong += _faults(name, records, spans, length_s * NS)
    wrong += [f"dead letter of {d.stage}: {d.error}" for d in log.dead_letters[:_MAX_LISTED]]
    if len(log.dead_letters) > _MAX_LISTED:
        wrong.append(f"{len(log.dead_letters)} dead letters in all")
    if wrong:
        return Verdict(False, f"not so: {'; '.join(wrong)}")
    counts = f"scenarios: {len(log.scenarios)}, activities: {len(log.activities)}"
    return Verdict(True, f"{counts}, no dead letter")


def _faults(
    name: str,
    records: Iterable[Scenario | Activity],
    spans: list[tuple[int, int, int]],
    length_ns: int,
) -> Iterator[str]:
    starts = [record.start_ns for record in records]
    if len(set(starts)) < len(starts):
        yield f"{name} twice"
    # A sample just before a border may count on its other side, but never one after it.
    surely = _starts(((a + period, b - period) for a, b, period in spans), length_ns)
    at_most = _starts(((a, b + period) for a, b, period in spans), length_ns)
    if missing := surely - set(starts):
        yield f"{len(missing)} of {len(surely)} {name} records missing"
    if more := set(starts) - at_most:
        yield f"{len(more)} {name} records where nothing was recorded"


def _starts(spans: Iterable[tuple[int, int]], length_ns: int) -> set[int]:
    """Return the starts of all windows that spans of first and last samples reach."""
    return {
        index * length_ns
        for first, last in spans
        if first <= last
        for index in range(first // length_ns, last // length_ns + 1)
    }


def _spans(recording: Recording) -> Iterator[tuple[int, int, int]]:
    """Yield the first and last sample's time and the period of each chunk, ns."""
    if rate := recording.sample_rate:
        for sound in recording.audio():
            period = NS // rate
            yield sound.t_ns, sound.t_ns + (len(sound.samples) - 1) * NS // rate, period
    if imu_rate := recording.imu_rate:
        for motion in recording.imu():
            lasts_ns = round((len(motion.acc) - 1) * NS / imu_rate)
            yield motion.t_ns, motion.t_ns + lasts_ns, round(NS / imu_rate)
