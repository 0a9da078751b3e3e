"""Checking the shapes of an item's arrays, and rounding and naming results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.serving.encoded_seconds import EncodedSecond, SecondEncoder

DECIMALS = 4
FRAME_RATE = 50
MEL_BANDS = 64
IMU_AXES = 6

Array = NDArray[Any]


class PredictError(ValueError):
    """An item's arrays have unsupported shapes."""


def check(name: str, array: Array, want: tuple[int | None, ...]) -> None:
    """Raise `PredictError` unless `array` is not empty and has shape `want`, where None is any."""
    fits = array.ndim == len(want) and all(
        size is None or size == have for size, have in zip(want, array.shape, strict=True)
    )
    if not fits or array.size == 0:
        shape = tuple("any" if size is None else size for size in want)
        raise PredictError(f"{name} has shape {array.shape}; expected {shape}, not empty")


def encoded_sound(
    items: Sequence[tuple[Array | None, Sequence[EncodedSecond] | None]],
    second_encoder: SecondEncoder,
    *,
    last: bool = False,
) -> list[Array]:
    """Return the encoded seconds (1, n, 2, 512) of items with sound, `last` to need them.

    Each item is its log-mel and, if available, the encoded seconds of it.
    """
    mels: dict[int, Array] = {}
    for number, (mel, seconds) in enumerate(items):
        if seconds is None:
            mels[number] = _whole_seconds(mel)
        elif not seconds:
            raise PredictError("item has 0 seconds of sound; expected at least one")
    encoded = dict(
        zip(mels, second_encoder.encode_all(list(mels.values()), last=last), strict=True)
    )
    return [
        second_encoder.together(encoded[number] if seconds is None else seconds)
        for number, (_, seconds) in enumerate(items)
    ]


def _whole_seconds(mel: Array | None) -> Array:
    mel = np.zeros((0, MEL_BANDS)) if mel is None else mel
    check("mel", mel, (None, MEL_BANDS))
    if len(mel) % FRAME_RATE:
        raise PredictError(f"mel has shape {mel.shape}; expected whole seconds of {FRAME_RATE}")
    return mel


def segment_mask(
    seconds: NDArray[np.bool_], values: object | None, name: str, segment_s: int
) -> NDArray[np.bool_]:
    """(n,) mask of seconds -> (n/segment_s,) mask of segments with any present second."""
    if seconds.ndim != 1 or len(seconds) == 0 or len(seconds) % segment_s:
        raise PredictError(
            f"{name} has shape {seconds.shape}; "
            f"expected (n,), n above 0 and a multiple of {segment_s}"
        )
    mask: NDArray[np.bool_] = np.any(seconds.reshape(-1, segment_s), axis=1)
    return mask if values is not None else np.zeros_like(mask)


def round_all(values: Iterable[Any]) -> list[float]:
    """Round numbers for publication."""
    return [round(float(value), DECIMALS) for value in values]


def by_name(names: Sequence[str], values: Array) -> dict[str, float]:
    """Return rounded `values` (N,) by their names."""
    return dict(zip(names, round_all(values), strict=True))
