from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recordings.protocol import RecordingError
from models.simulation.simulated_day import DEFAULT_START_NS, SimulatedDay
from schemas.evidence import REGIONS
from schemas.frames import NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY = SimulatedDay(4, 0.5)


@cache
def audio() -> NDArray[np.int16]:
    """Return the day's sound, (samples, channels)."""
    return np.concatenate([chunk.samples for chunk in DAY.audio()])


@cache
def imu() -> NDArray[np.float32]:
    """Return the day's motion, (rows, 6) in m/s² and rad/s."""
    return np.concatenate([np.concatenate([c.acc, c.gyro], axis=1) for c in DAY.imu()])


@settings(max_examples=4)
@given(st.floats(0.05, 40), st.integers(0, 29))
def test_chunks_of_any_size_from_any_second_are_the_same_stream(
    chunk_s: float, start_s: int
) -> None:
    chunks = list(DAY.audio(chunk_s, start_s))
    np.testing.assert_array_equal(
        np.concatenate([c.samples for c in chunks]), audio()[start_s * 16_000 :]
    )
    motion = [np.concatenate([c.acc, c.gyro], axis=1) for c in DAY.imu(chunk_s, start_s)]
    np.testing.assert_array_equal(np.concatenate(motion), imu()[start_s * 50 :])


def test_times_follow_from_the_sample_index() -> None:
    at = 0
    for chunk in DAY.audio(0.37):
        assert chunk.t_ns == DAY.start_ns + at * NS // 16_000
        at += len(chunk.samples)
    assert at == DAY.duration_s * 16_000


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    again = np.concatenate([c.samples for c in SimulatedDay(4, 0.5).audio(7.0)])
    other = np.concatenate([c.samples for c in SimulatedDay(5, 0.5).audio(7.0)])
    np.testing.assert_array_equal(audio(), again)
    assert not np.array_equal(audio(), other)


def test_truth_lies_inside_the_recording_and_names_regions_for_sounds_alone() -> None:
    day = SimulatedDay(6, 12)
    truth = day.truth()
    end_ns = day.start_ns + round(day.duration_s) * NS
    assert {span.kind for span in truth} == {"scenario", "activity", "sound", "motion"}
    for span in truth:
        assert day.start_ns <= span.start_ns < span.end_ns <= end_ns
        assert (span.region in REGIONS) == (span.kind == "sound")
    assert all(a.start_ns <= b.start_ns for a, b in pairwise(truth))


def test_scenario_truth_covers_the_whole_day() -> None:
    spans = [s for s in SimulatedDay(6, 12).truth() if s.kind == "scenario"]
    # Scenarios that go on together have equal borders.
    assert sum(end - start for start, end in {(s.start_ns, s.end_ns) for s in spans}) == (
        12 * 60 * NS
    )


def test_a_wearer_lives_several_days_on_one_device() -> None:
    first = SimulatedDay(1, 1, wearer=9)
    second = SimulatedDay(2, 1, start_ns=DEFAULT_START_NS + 86_400 * NS, wearer=9)
    assert first.device_id == second.device_id
    assert first.session_id != second.session_id
    assert first.start_ns == DEFAULT_START_NS


def test_names_are_safe_as_device_ids() -> None:
    for day in (DAY, SimulatedDay(1, 1, wearer=2)):
        for name in (day.name, day.device_id, day.session_id):
            assert re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", name)


@pytest.mark.parametrize(("seed", "minutes"), [(-1, 1.0), (1, 0.1), (1, 2000.0), (1, float("nan"))])
def test_impossible_days_are_refused(seed: int, minutes: float) -> None:
    with pytest.raises(RecordingError, match="expected 0"):
        SimulatedDay(seed, minutes)
