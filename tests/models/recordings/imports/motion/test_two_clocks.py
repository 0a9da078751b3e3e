"""Where a device slept is told by its own clock and that of arrival together."""

from __future__ import annotations

import numpy as np

from models.recordings.imports.motion.two_clocks import sleeps


def batches(made: np.ndarray, size: int) -> np.ndarray:
    """Arrival: rows come when the last of their batch was taken."""
    ends = np.minimum(np.arange(len(made)) // size * size + size - 1, len(made) - 1)
    return made[ends]


def test_a_silence_longer_than_a_batch_is_a_sleep_of_the_sensors_clock() -> None:
    made = np.arange(2000) / 100
    came = batches(made, 300)
    came[600:] += 37.0
    found = sleeps(made, came)
    assert found is not None
    assert found.made_s.tolist() == [made[599]]
    times = found.add(made)
    assert times[599] == made[599]
    assert abs(times[600] - made[600] - 40.0) < 1.0
    np.testing.assert_allclose(np.diff(times)[600:], 0.01, atol=1e-9)


def test_batches_alone_are_no_sleep() -> None:
    made = np.arange(2000) / 100
    found = sleeps(made, batches(made, 300))
    assert found is not None
    assert len(found.made_s) == 0


def test_rows_that_come_late_are_no_silence() -> None:
    made = np.arange(2000) / 100
    came = made.copy()
    came[500] += 8.0
    found = sleeps(made, came)
    assert found is not None
    assert len(found.made_s) == 0


def test_a_clock_in_another_unit_or_one_that_outruns_the_arrival_is_none() -> None:
    came = np.arange(2000) / 100
    assert sleeps(came / 1e6, came) is None
    assert sleeps(came * 2, came) is None
    assert sleeps(came[:1], came[:1]) is None
