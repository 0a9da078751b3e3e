"""Checked columns of an .npz file: numbers, whole numbers, text and sampling rates.

Text may be stored as str, bytes or numbers. All raise `RecordingError` naming file and array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]


def numbers(path: Path, arrays: Arrays, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array of numbers of `shape`, where -1 is any length."""
    values = arrays[name]
    fits = len(values.shape) == len(shape) and all(
        wanted in (-1, own) for own, wanted in zip(values.shape, shape, strict=True)
    )
    if not fits or values.dtype.kind not in "iuf":
        expected = ", ".join("any" if length == -1 else str(length) for length in shape)
        raise RecordingError(
            f"{path.name} has {name} of shape {values.shape} and {values.dtype}; "
            f"expected numbers of shape ({expected})"
        )
    return values


def finite(path: Path, arrays: Arrays, name: str) -> NDArray[np.float64]:
    """Return finite numbers of any shape as a row."""
    values = np.ravel(arrays[name])
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise RecordingError(f"{path.name} has {name} of {values.dtype}; expected finite numbers")
    return values.astype(np.float64)


def whole_numbers(path: Path, arrays: Arrays, name: str) -> list[int]:
    """Return a row of numbers, rounded."""
    values = arrays[name]
    if values.ndim != 1 or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise RecordingError(
            f"{path.name} has {name} of shape {values.shape} and {values.dtype}; "
            "expected a row of whole numbers"
        )
    return [round(value) for value in values.tolist()]


def texts(path: Path, arrays: Arrays, name: str, count: int) -> list[str]:
    """Return `count` texts."""
    values = np.reshape(arrays[name], -1)
    check_length(path, name, len(values), count)
    return [text(value) for value in values.tolist()]


def text(value: object) -> str:
    """Return a text as str."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def check_length(path: Path, name: str, own: int, expected: int) -> None:
    """Raise `RecordingError` unless a column has as many entries as expected."""
    if own != expected:
        raise RecordingError(f"{path.name} has {own} entries in {name}; expected {expected}")


def rate_hz(path: Path, arrays: Arrays, names: Sequence[str], default: float) -> float:
    """Return the first of the arrays `names` that has a value, in Hz, else `default`."""
    for name in names:
        if name in arrays and arrays[name].size:
            value = np.ravel(arrays[name])[0]
            try:
                return float(value)
            except (TypeError, ValueError):
                raise RecordingError(
                    f"{path.name} has {name} {text(value)!r}; expected a rate in Hz"
                ) from None
    return default
