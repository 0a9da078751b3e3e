import numpy as np

from models.recordings.datasets.posture_changes import changes
from tests.models.recordings.datasets.standing_up import RATE, wearer


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
