from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.recordings.formats.columns import finite, rate_hz, texts, whole_numbers
from models.recordings.protocol import RecordingError

PATH = Path("file.npz")
NAMES = ("sample_rate", "sampling_rate_hz")


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"sample_rate": np.array(16_000)}, 16_000.0),
        ({"sampling_rate_hz": np.array([b"48000"])}, 48_000.0),
        ({"sample_rate": np.zeros(0), "sampling_rate_hz": np.array("50")}, 50.0),
        ({}, 8_000.0),
    ],
)
def test_a_rate_is_the_first_that_has_a_value(arrays: Any, expected: float) -> None:
    assert rate_hz(PATH, arrays, NAMES, 8_000.0) == expected


@pytest.mark.parametrize("value", ["fast", np.datetime64("2026-01-01", "s"), b""])
def test_a_rate_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(RecordingError, match=r"sample_rate '.*'; expected a rate in Hz"):
        rate_hz(PATH, {"sample_rate": np.array(value)}, NAMES, 50.0)


@pytest.mark.parametrize("values", [["1", "2"], [1.0, np.inf], [1j], [[1, 2], [3, 4]]])
def test_columns_of_anything_but_a_row_of_numbers_are_refused(values: Any) -> None:
    with pytest.raises(RecordingError, match=r"file\.npz has start of .*expected a row of whole"):
        whole_numbers(PATH, {"start": np.array(values)}, "start")


def test_numbers_of_any_shape_are_a_row_if_they_are_finite() -> None:
    assert finite(PATH, {"azimuth": np.array([[1, 2]])}, "azimuth").tolist() == [1.0, 2.0]
    for wrong in (np.array(["1"]), np.array([np.nan])):
        with pytest.raises(RecordingError, match=r"has azimuth of .*expected finite numbers"):
            finite(PATH, {"azimuth": wrong}, "azimuth")


def test_texts_are_str_however_they_are_stored() -> None:
    for stored in (["7", "8"], [b"7", b"8"], [7, 8]):
        assert texts(PATH, {"user": np.array(stored)}, "user", 2) == ["7", "8"]
    with pytest.raises(RecordingError, match="has 1 entries in user; expected 2"):
        texts(PATH, {"user": np.array(["7"])}, "user", 2)
