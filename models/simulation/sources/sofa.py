"""Binaural responses from SOFA files (AES69), measured in rooms and in an anechoic room.

They are for evaluation and for the choice of settings only: nothing is trained on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft, signal

from models.recordings.protocol import RecordingError
from models.simulation.acoustics.ears import DIRECTIONS, NFFT, Responses, short
from models.simulation.acoustics.sounds import FS
from models.simulation.sources.responses import checked_distances, checked_responses
from schemas.extras import needs

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class MeasuredRoom:
    """M positions of one source: `azimuth` (M,) rad, 0 ahead, left positive; `responses` (M, 2, N).

    Left ear first, at 16 kHz; `distance_m` (M,).
    """

    name: str
    azimuth: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    responses: NDArray[np.float32]


@dataclass(frozen=True)
class MeasuredHead:
    """Anechoic responses around a head: `ring` (72, 2, NFFT/2+1), azimuth index · 5°, left first.

    They were measured at `distance_m` and have unit mean power.
    """

    ring: Responses
    distance_m: float


def read_head(path: Path) -> MeasuredHead:
    """Read the horizontal ring of one file, of any rate; raises `RecordingError` as `read_sofa`.

    Raises it too where one of the 72 directions is absent.
    """
    responses, rate, place, ears = _read_responses(path)
    if ears[0, 1] < ears[1, 1]:
        responses = responses[:, ::-1]
    row_of = {
        round(azimuth) % 360: row
        for row, (azimuth, elevation) in enumerate(place[:, :2])
        if abs(elevation) < 1.0
    }
    turns = range(0, 360, 360 // DIRECTIONS)
    missing = [turn for turn in turns if turn not in row_of]
    if missing:
        raise RecordingError(
            f"{path.name} has no response at {missing[0]} degrees and elevation 0; "
            f"expected one every {360 // DIRECTIONS} degrees"
        )
    rows = [row_of[turn] for turn in turns]
    ratio = Fraction(FS / rate).limit_denominator(1000)
    ring = signal.resample_poly(responses[rows], ratio.numerator, ratio.denominator, axis=-1)
    ring = ring / np.sqrt(np.square(ring).sum(-1).mean())
    return MeasuredHead(
        short(fft.rfft(ring, NFFT, axis=-1).astype(np.complex64)), float(place[rows[0], 2])
    )


def read_sofa(path: Path) -> MeasuredRoom:
    """Read one file; raises `RecordingError` with the reason if it cannot be used."""
    responses, rate, place, ears = _read_responses(path)
    if rate != FS:
        raise RecordingError(f"{path.name} is sampled at {rate:g} Hz; expected {FS}")
    # A head looks along +x, and its left ear lies towards +y.
    if ears[0, 1] < ears[1, 1]:
        responses = responses[:, ::-1]
    azimuth = np.angle(np.exp(1j * np.deg2rad(place[:, 0])))
    if _counts_clockwise(azimuth, responses):
        azimuth = -azimuth
    return MeasuredRoom(
        name=path.stem,
        azimuth=azimuth,
        distance_m=checked_distances(path, place[:, 2]),
        responses=np.ascontiguousarray(responses),
    )


def _read_responses(
    path: Path,
) -> tuple[NDArray[np.float32], float, NDArray[np.float64], NDArray[np.float64]]:
    """Return responses (M, 2, N), their rate in Hz, places (M, 3) and ears (2, 3)."""
    with needs("h5py", f"{path.name} needs", RecordingError):
        import h5py
    try:
        with h5py.File(path) as file:
            responses = np.asarray(file["Data.IR"], np.float32)
            rate = float(np.asarray(file["Data.SamplingRate"]).ravel()[0])
            place = np.asarray(file["SourcePosition"], np.float64)
            is_cartesian = _attribute(file["SourcePosition"], "Type").lower() == "cartesian"
            ears = np.asarray(file["ReceiverPosition"], np.float64).reshape(-1, 3)
    except (OSError, KeyError, ValueError) as error:
        raise RecordingError(f"{path.name} is no SOFA file of responses: {error}") from error
    if place.ndim != 2 or place.shape[1] != 3 or ears.shape[0] != 2 or not np.isfinite(place).all():
        raise RecordingError(
            f"{path.name} has SourcePosition of shape {place.shape} and {len(ears)} receivers; "
            "expected finite ones of shape (positions, 3) and two ears"
        )
    if is_cartesian:
        place = _spherical(place)
    return checked_responses(path, responses, (len(place), 2, -1)), rate, place, ears


def _attribute(of: Any, name: str) -> str:
    value = of.attrs.get(name, "")
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _spherical(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points (M, 3), in m from the head, as azimuth and elevation in degrees and metres."""
    x, y, z = place.T
    azimuth = np.rad2deg(np.arctan2(y, x)) % 360
    elevation = np.rad2deg(np.arctan2(z, np.hypot(x, y)))
    return np.stack([azimuth, elevation, np.linalg.norm(place, axis=1)], axis=1)


def _counts_clockwise(azimuth: NDArray[np.float64], responses: NDArray[np.float32]) -> bool:
    """Return whether sounds from the left are louder on the right.

    SOFA counts counter-clockwise; Surrey's angles are clockwise.
    """
    power = np.square(responses.astype(np.float64)).sum(axis=2)  # (M, 2)
    leftness = np.log(power[:, 0] + 1e-20) - np.log(power[:, 1] + 1e-20)
    return bool(np.sum(np.sin(azimuth) * leftness) < 0)
