from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from models.recordings.shared_data import IMU
from models.research.lanhar.interpretation.windows import Windows, read_npz
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def recorded() -> Callable[[str], Windows]:
    """Return the windows of a file of real motion by its name, which a module reads only once."""
    return cache(lambda name: read_npz(shared_data() / IMU / name))
