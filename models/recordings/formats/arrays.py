"""Motion in an array, as shared by the readers of motion data sets."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from models.recordings.formats.npz import open_npz
from models.recordings.protocol import (
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
    cuts,
    sample_time_ns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.lib.npyio import NpzFile
    from numpy.typing import NDArray

    from schemas.frames import Modality
    from schemas.position import Position


@dataclass(frozen=True)
class ImuArray:
    """A motion-only recording: `values` (n, 6) divided by `scale` (6,) is m/s² and rad/s."""

    name: str
    device_id: str
    session_id: str
    start_ns: int
    rate: float
    values: NDArray[Any] = field(repr=False)
    scale: NDArray[np.float32] = field(repr=False)
    spans: Sequence[TruthSpan] = field(default=(), repr=False)
    streams: tuple[Modality, ...] = ("imu",)
    sample_rate: int | None = None
    channels: int | None = None
    position: Position | None = None

    @property
    def imu_rate(self) -> float | None:
        """Motion sample rate, Hz."""
        return self.rate

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.values) / self.rate

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:  # noqa: ARG002 - the signature is its protocol's
        """Yield nothing: there is no microphone."""
        return iter(())

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each, in sensor axes."""
        for first, last in cuts(len(self.values), self.rate, chunk_s, start_s):
            rows = self.scaled(first, last)
            yield ImuChunk.of_rows(sample_time_ns(self.start_ns, first, self.rate), rows)

    def scaled(self, first: int, last: int) -> NDArray[np.float32]:
        """Return rows [first, last) in m/s² and rad/s."""
        return np.asarray(self.values[first:last].astype(np.float32) / self.scale, np.float32)

    def truth(self) -> Sequence[TruthSpan]:
        """Return the data set's labels."""
        return self.spans


def load(path: Path, keys: Sequence[str], optional: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Read the named arrays of an .npz file, and those of `optional` that it has.

    Raises `RecordingError` naming file and key.
    """
    with _open(path) as arrays:
        missing = [key for key in keys if key not in arrays]
        if missing:
            raise RecordingError(
                f"data file {str(path)!r} lacks {', '.join(missing)}; it holds {', '.join(arrays)}"
            )
        present = [key for key in optional if key in arrays and key not in keys]
        return {key: arrays[key] for key in (*keys, *present)}


def holds(path: Path, key: str) -> bool:
    """Return whether an .npz file has an array of that name; raises `RecordingError`."""
    with _open(path) as arrays:
        return key in arrays


@contextmanager
def _open(path: Path) -> Iterator[NpzFile]:
    if not path.is_file():
        raise RecordingError(f"data file {str(path)!r} does not exist")
    try:
        with open_npz(path) as arrays:
            yield arrays
    except RecordingError:
        raise
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise RecordingError(f"data file {str(path)!r} is not a readable .npz: {error}") from error


def finite(path: Path, recording: ImuArray) -> ImuArray:
    """Return `recording`; raises `RecordingError` unless all its values are finite as float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        good = np.isfinite(recording.scaled(0, len(recording.values))).all(axis=1)
    if not good.all():
        raise RecordingError(
            f"{path.name} has values in row {int(np.argmin(good))} of {recording.name} that are "
            "not finite; expected m/s² and rad/s"
        )
    return recording


def of_user(
    recordings: Sequence[ImuArray], user: str, path: Path, users: Sequence[str]
) -> list[ImuArray]:
    """Return `recordings` unless empty; then raise `RecordingError` naming the known users."""
    if recordings:
        return list(recordings)
    known = ", ".join(sorted(set(users)))
    raise RecordingError(f"user {user!r} is not in {path.name}; expected one of {known}")
