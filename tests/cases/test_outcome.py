from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.formats.arrays import ImuArray
from schemas.frames import NS
from streams.engine.dead_letters import dead_letter
from tests.cases.outcome import judge_log
from tests.cases.worker import Log
from tests.schemas.scenarios import plain_scenario
from tests.streams.engine.fakes import Inbox
from tests.streams.engine.messages import activity

if TYPE_CHECKING:
    from schemas import DeadLetter, Scenario


def recording(seconds: float, start_s: float = 60.0) -> ImuArray:
    rows = np.zeros((round(seconds * 50), 6), np.float32)
    return ImuArray("r", "d", "s", round(start_s * NS), 50.0, rows, np.ones(6, np.float32))


def scenario(start_s: int) -> Scenario:
    return plain_scenario(start_s * NS)


def letter() -> DeadLetter:
    message = Inbox().receive(activity()).token.message
    return dead_letter(message, b"bytes", "har", ValueError("imu has 249 rows"))


def log(scenarios: list[int], activities: list[int], letters: int = 0) -> Log:
    return Log(
        [scenario(s) for s in scenarios], [activity(s) for s in activities], [letter()] * letters
    )


WHOLE = list(range(60, 120, 5))


def test_a_record_for_every_window_and_no_dead_letter_is_complete() -> None:
    verdict = judge_log(recording(60), log([60, 90], WHOLE))
    assert verdict.held
    assert verdict.why == "scenarios: 2, activities: 12, no dead letter"


@pytest.mark.parametrize(
    ("faulty", "why"),
    [
        (log([60], WHOLE), "1 of 2 scenario records missing"),
        (log([60, 90], WHOLE[1:-1]), "2 of 12 activity records missing"),
        (log([30, 60, 90], WHOLE), "1 scenario records where nothing was recorded"),
        (log([60, 90], [*WHOLE, 60]), "activity twice"),
        (log([60, 90], WHOLE, 1), "dead letter of har: imu has 249 rows"),
        (log([60, 90], WHOLE, 9), "9 dead letters in all"),
    ],
)
def test_what_is_missing_too_much_or_a_dead_letter_fails(faulty: Log, why: str) -> None:
    verdict = judge_log(recording(60), faulty)
    assert verdict.held is False
    assert why in verdict.why


def test_a_sample_at_a_border_may_count_on_either_side() -> None:
    begun_early = recording(30.0, start_s=59.99)
    assert judge_log(begun_early, log([60], WHOLE[:6])).held
    assert judge_log(begun_early, log([30, 60], [55, *WHOLE[:6]])).held
    assert judge_log(recording(30.0, start_s=59.9), log([60], WHOLE[:6])).held is False
