from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from models.features import Features
from models.simulation.simulated_day import SimulatedDay
from operators.windowing import Windower, WindowingConfig
from schemas import AudioFrame, DeadLetter, Frame, ImuFrame
from streams.producers.frames import Identity, frames
from streams.producers.outcome import PublishedWindows, ReplayOutcome, count_letters, follow
from tests.models.recordings.imports import makers
from tests.models.recordings.imports.opening import import_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.recordings.protocol import Recording


def publish(recording: Recording, device: str = "d", session: str = "s") -> PublishedWindows:
    noted = PublishedWindows()
    for timed in frames(recording, Identity(device, session)):
        noted.add(timed.frame)
    return noted


def window_ids(recording: Recording) -> dict[str, set[str]]:
    windower: Windower[int] = Windower(WindowingConfig(), Features())
    ids: dict[str, set[str]] = {"scenario": set(), "har": set()}
    for number, timed in enumerate(frames(recording, Identity("d", "s"))):
        for window in windower.push(_as_frame(timed.frame), number).windows:
            if window.kind in ids:
                ids[window.kind].add(window.window_id)
    return ids


def _as_frame(frame: Frame) -> AudioFrame | ImuFrame:
    assert isinstance(frame, AudioFrame | ImuFrame)
    return frame


class Log:
    """A store that has more at each look."""

    def __init__(self, looks: Sequence[set[str]]) -> None:
        self._looks = list(looks)

    async def window_ids(self, device: str, from_ns: int, to_ns: int) -> set[str]:
        assert from_ns < to_ns
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]


async def no_letters() -> list[DeadLetter]:
    return []


def letter(device: str, value: bytes) -> DeadLetter:
    return DeadLetter(
        device_id=device,
        topic="imu.frames",
        partition=0,
        offset=0,
        stage="windower",
        reason="invalid",
        error="rate is 5",
        size=len(value),
        value=value,
    )


def test_windows_to_come_are_those_that_a_worker_cuts() -> None:
    day = SimulatedDay(3, 0.7)
    assert publish(day).ids() == window_ids(day)


def test_windows_of_a_pause_are_not_expected(tmp_path: Path) -> None:
    (paused,) = import_of(makers.phyphox(tmp_path)).recordings
    ids = publish(paused).ids()
    assert ids == window_ids(paused)
    assert (len(ids["scenario"]), len(ids["har"])) == (3, 13)


async def test_it_is_waited_for_while_records_come() -> None:
    noted = publish(SimulatedDay(3, 1.0))
    everything = set().union(*noted.ids().values())
    half = set(sorted(everything)[: len(everything) // 2])
    log = Log([set(), half, half, everything])
    became = await follow(noted, log, no_letters, poll_s=0.0)
    assert became.complete
    assert became.answered
    assert became.lines() == [
        "14 windows; the log has 2 of 2 scenarios and 12 of 12 activities; 0 dead letters"
    ]


@pytest.mark.parametrize(
    ("workers", "line"),
    [
        (
            None,
            "nothing was logged within 5 s: the frames wait for a worker, or with it for what it "
            "lacks",
        ),
        ([], "no worker is in the group: the frames wait for one"),
        (
            ["node-1:6066"],
            "nothing was logged within 5 s, although node-1:6066 is in the group: "
            "`faust -A streams.app status` and /api/health there say what is behind and what it "
            "lacks",
        ),
        (
            ["a:1", "b:2"],
            "nothing was logged within 5 s, although a:1, b:2 are in the group: "
            "`faust -A streams.app status` and /api/health there say what is behind and what it "
            "lacks",
        ),
    ],
)
async def test_where_nothing_is_logged_it_says_what_is_known_of_the_workers(
    workers: list[str] | None, line: str
) -> None:
    noted = publish(SimulatedDay(3, 1.0))
    became = await follow(noted, Log([set()]), no_letters, answer_s=0.01, poll_s=0.0)
    assert replace(became, workers=workers).lines() == [
        "14 windows; the log has 0 of 2 scenarios and 0 of 12 activities; 0 dead letters",
        f"{line}; those of deleted records need another --session",
    ]


async def test_records_that_were_there_before_are_said_to_be_kept() -> None:
    noted = publish(SimulatedDay(3, 1.0))
    everything = set().union(*noted.ids().values())
    before = {"s/elsewhere", *sorted(everything)[:13]}
    became = await follow(noted, Log([everything]), no_letters, before=before, poll_s=0.0)
    kept = "there before and kept: to log anew, `log delete` and another --session"
    assert became.lines() == [
        "14 windows; the log has 2 of 2 scenarios and 12 of 12 activities; 0 dead letters",
        f"13 records were {kept}",
    ]
    one = await follow(
        noted, Log([everything]), no_letters, before=sorted(everything)[:1], poll_s=0.0
    )
    assert one.lines()[1] == f"1 record was {kept}"


async def test_a_worker_that_is_still_busy_is_left_after_a_while() -> None:
    noted = publish(SimulatedDay(3, 1.0))
    one = set(sorted(noted.ids()["har"])[:1])
    log = Log([set(), one])
    became = await follow(noted, log, no_letters, answer_s=60.0, most_s=0.05, poll_s=0.0)
    assert became.lines()[0].startswith("14 windows; so far the log has 0 of 2 scenarios and 1 of")


def test_dead_letters_are_those_of_the_session() -> None:
    letters = [
        letter("d", b"..\xa1s-1.."),
        letter("d", b"..other.."),
        letter("e", b"..\xa1s-1.."),
    ]
    assert count_letters(letters, [("d", "s-1"), ("f", "s-1")]) == 1


@pytest.mark.parametrize(("count", "text"), [(0, "0 dead letters"), (1, "1 dead letter")])
def test_one_dead_letter_is_one(count: int, text: str) -> None:
    became = ReplayOutcome({"scenario": 1, "har": 6}, {"scenario": 1, "har": 6}, count, True)
    assert became.lines() == [
        f"7 windows; the log has 1 of 1 scenarios and 6 of 6 activities; {text}"
    ]


def test_of_a_fleet_a_hundred_sessions_are_followed() -> None:
    noted = PublishedWindows()
    timed = next(iter(frames(SimulatedDay(3, 0.5), Identity("d", "s"))))
    for number in range(150):
        noted.add(timed.frame.model_copy(update={"session_id": str(number)}))
    assert len(noted.sessions) == 100
