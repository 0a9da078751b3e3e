from pathlib import Path

import numpy as np
import pytest

from models.research.egolog.households.days import Calendar, household_windows
from models.serving.registry import Registry
from tests.models import fresh


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


def test_every_wearer_lives_every_day(registry: Registry, tmp_path: Path) -> None:
    calendar = Calendar(3, wearers=2, stretches=(2, 1), minutes=1, shared_time=0.7)
    days = household_windows(calendar, registry.weights_dir, None, tmp_path, processes=1)
    assert len(days) == 2 * 3 * 2
    assert days.wearer.tolist() == [0] * 6 + [1] * 6
    assert days.day.tolist() == [0, 0, 0, 0, 1, 1] * 2
    assert days.window.tolist() == [0, 1, 360, 361, 0, 1] * 2
    assert len(list(tmp_path.iterdir())) == 6
    again = household_windows(calendar, registry.weights_dir, None, tmp_path, processes=1)
    assert np.array_equal(days.rows, again.rows)


def test_calendars_that_differ_are_kept_apart() -> None:
    usual, shifted, muffled = (
        Calendar(3, 2, (1, 1), 1, None),
        Calendar(3, 2, (1, 1), 1, 0.7),
        Calendar(3, 2, (1, 1), 1, 0.7, muffled_db=6.0),
    )
    assert len({usual.name, shifted.name, muffled.name}) == 3
