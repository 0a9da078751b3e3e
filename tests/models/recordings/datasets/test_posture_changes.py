import numpy as np
from numpy.typing import NDArray

from models.recordings.datasets.posture_changes import changes

RATE = 50


def wearer(
    ups_and_downs: list[tuple[float, float]], seconds: int, noise_pa: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return motion and pressure of a head that turns and rises by a pressure (Pa) at each time."""
    rng = np.random.default_rng(0)
    at_s = np.arange(seconds * RATE) / RATE
    values = np.zeros((len(at_s), 6))
    values[:, 2] = 9.81
    pressure = 100_000 + rng.normal(0, 1, len(at_s)) * noise_pa
    for middle_s, change_pa in ups_and_downs:
        values[:, 3] += 0.8 * np.exp(-((at_s - middle_s) ** 2))
        pressure += change_pa / (1 + np.exp(-4 * (at_s - middle_s)))
    return values, pressure


def test_a_fall_of_pressure_with_a_turn_of_the_head_is_standing_up() -> None:
    [up, down] = changes(*wearer([(5, -5.0), (11, 5.0)], 16, noise_pa=3.0))
    assert (up.name, down.name) == ("standing up", "sitting down")
    assert abs(up.middle - 5 * RATE) < RATE / 2
    assert abs(down.middle - 11 * RATE) < RATE / 2


def test_pressure_that_changes_while_the_head_rests_is_no_change_of_posture() -> None:
    values, pressure = wearer([(5, -5.0), (11, 5.0)], 16)
    assert changes(np.zeros_like(values) + values.mean(axis=0) * [1, 1, 1, 0, 0, 0], pressure) == []


def test_two_of_a_kind_in_a_row_are_left_out() -> None:
    # The second time down was slow, and is missed.
    heights = [(5.0, -5.0), (11.0, 5.0), (17.0, -5.0), (23.0, -5.0), (29.0, 5.0)]
    names = [change.name for change in changes(*wearer(heights, 34))]
    assert names == ["standing up", "sitting down", "sitting down"]


def test_a_recording_too_short_to_compare_has_no_changes() -> None:
    assert changes(np.zeros((120, 6)), np.full(120, 100_000)) == []
