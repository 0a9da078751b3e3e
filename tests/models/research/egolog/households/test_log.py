import numpy as np

from models.research.egolog.households.log import smoothed_labels
from tests.models.research.egolog.households.lives import household_windows


def test_a_window_in_doubt_is_logged_after_the_minutes_before() -> None:
    days = household_windows(12, uncertainty=[6])
    smoothed = smoothed_labels(days, days.scenarios)
    assert days.scenarios[6].argmax() != days.truth[6].argmax()
    assert smoothed[6].argmax() == days.truth[6].argmax()


def test_another_day_begins_without_a_memory() -> None:
    days = household_windows(4, days=2, wearers=2)
    smoothed = smoothed_labels(days, days.scenarios)
    first = days.window == 0
    assert np.array_equal(smoothed[first], days.scenarios[first])
    assert (smoothed[~first] != days.scenarios[~first]).any()
