"""Every `factor`-th sample through an anti-aliasing filter, by overlap-save (Stockham 1966).

The filter is that of `scipy.signal.resample_poly`, whose loop over taps takes five times as long,
and whose package takes a second to import. Both differ by rounding alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from models.network.polyphase import low_pass

Float32 = NDArray[np.float32]

# Outputs per block, including those spoilt at its ends; small enough for the CPU cache.
_BLOCK = 256
# Taps on each side of the centre, in outputs.
_SIDE = 10


def decimate(samples: Float32, factor: int) -> Float32:
    """(C, n) -> (C, n/factor); `factor` is a whole number above 1 that divides n.

    The ends are padded along the line from the first sample to the last.
    """
    channels, count = samples.shape
    wanted, kept = count // factor, _BLOCK - 2 * _SIDE
    blocks = -(-wanted // kept)
    room = _pad(samples, _SIDE * factor, (blocks * kept + 2 * _SIDE) * factor)
    cut = np.lib.stride_tricks.as_strided(
        room,
        (channels, blocks, _BLOCK * factor),
        (room.strides[0], kept * factor * room.itemsize, room.itemsize),
        writeable=False,
    )
    spectra = fft.rfft(cut, axis=2)  # (C, B, N/2 + 1)
    spectra *= _response(factor)
    outputs = fft.irfft(_alias(spectra, factor), n=_BLOCK, axis=2)  # (C, B, N/factor)
    out: Float32 = outputs[:, :, 2 * _SIDE :].reshape(channels, -1)
    return out[:, :wanted]


def _pad(samples: Float32, before: int, length: int) -> Float32:
    channels, count = samples.shape
    room = np.zeros((channels, length), np.float32)
    room[:, before : before + count] = samples
    first, last = samples[:, :1], samples[:, -1:]
    slope = (last - first) / np.float32(max(count - 1, 1))
    steps = np.arange(1, before + 1, dtype=np.float32)
    room[:, :before] = first - slope * steps[::-1]
    room[:, before + count : 2 * before + count] = last + slope * steps
    return room


def _alias(spectra: NDArray[np.complex64], factor: int) -> NDArray[np.complex64]:
    """Return the spectra after keeping every `factor`-th sample, which aliases higher bands."""
    half = _BLOCK // 2
    out = spectra[:, :, : half + 1].copy()
    for image in range(1, factor // 2 + 1):
        middle = image * _BLOCK
        out += spectra[:, :, middle - half : middle + 1][:, :, ::-1].conj()
        if 2 * image < factor:
            out += spectra[:, :, middle : middle + half + 1]
    return out


@lru_cache(maxsize=8)
def _response(factor: int) -> NDArray[np.complex64]:
    """Return the filter's spectrum, scaled for the shorter inverse transform."""
    response: NDArray[np.complex64] = fft.rfft(low_pass(1, factor) / factor, _BLOCK * factor)
    return response.astype(np.complex64)
