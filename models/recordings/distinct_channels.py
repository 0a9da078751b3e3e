"""Which channels of a file hold sounds of their own.

Phones and editors save one microphone as stereo, recorders write tracks that nothing was plugged
into. Two such channels are no two ears: all sound would come from ahead, behind or the ear of the
one that is heard, and the device would count as worn on the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MAX_MICROPHONES = 4

# Decoders of MP3 exceed 1 by little; files of 16-bit numbers as floats reach 32768.
_LOUD, _MAX_PEAK = 1.5, 100.0
_PROBES = 12
_PROBE_S = 0.5
_QUIET = 3e-4  # of full scale, -70 dB: ten steps of 16 bits
_SILENT = 1e-3  # of the loudest channel, -60 dB: no two worn microphones differ as much
# What is left of a copy by rounding or a codec, -50 dB: of the directions around a dummy head
# without noise (KU100), the least is -38 dB.
_SAME = 3e-3


@dataclass(frozen=True)
class Channels:
    """The channels of a file that are `used`, from 0; `note` says why, if not all of them are.

    `peak` is the largest sample that was seen, of a full scale of 1.
    """

    used: tuple[int, ...]
    note: str | None = None
    peak: float = 0.0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user has to know of the file."""
        notes = () if self.note is None else (self.note,)
        if self.peak <= _LOUD:
            return notes
        return (*notes, f"samples reach {self.peak:.3g} and are clipped at 1: save it less loud")

    @property
    def why_unusable(self) -> str | None:
        """Why the file cannot be used, or None."""
        if self.peak <= _MAX_PEAK:
            return None
        return f"holds samples up to {self.peak:.6g}; expected -1 to 1 (or 16-bit integers)"


def distinct_channels(
    channels: int, frames: int, rate: int, read: Callable[[int, int], NDArray[np.float32]]
) -> Channels:
    """Return the channels with sounds of their own: 1, 2 or 4 of them.

    `read(first, last)` returns (n, channels) in [-1, 1]. Silent channels and copies, also louder
    or turned over, are told at a dozen places; where all of these are quiet, all channels count.
    """
    silent: list[int] = []
    copies: list[int] = []
    probes, peak = _probes(frames, rate, read)
    if channels > 1:
        silent = [c for c in range(channels) if probes and all(_silent(p, c) for p in probes)]
        heard = [c for c in range(channels) if c not in silent]
        for place, channel in enumerate(heard):
            before = [c for c in heard[:place] if c not in copies]
            if any(all(_copy(p[:, channel], p[:, c]) for p in probes) for c in before if probes):
                copies.append(channel)
    own = [c for c in range(channels) if c not in silent and c not in copies]
    used = own[: MAX_MICROPHONES if len(own) >= MAX_MICROPHONES else 2]
    if len(used) == channels:
        return Channels(tuple(used), peak=peak)
    why = [
        f"{_named(which)} {'is' if len(which) == 1 else 'are'} {what}"
        for which, what in ((silent, "silent"), (copies, "the same sound"))
        if which
    ]
    verb = "is" if len(used) == 1 else "are"
    note = f"{_named(used)} of {channels} {verb} used"
    return Channels(tuple(used), ": ".join([note, *([", ".join(why)] if why else [])]), peak)


def _probes(
    frames: int, rate: int, read: Callable[[int, int], NDArray[np.float32]]
) -> tuple[list[NDArray[np.float64]], float]:
    """Return places (n, channels) where something is heard, without their mean, and the peak."""
    length = min(frames, round(_PROBE_S * rate))
    found, peak = [], 0.0
    for first in np.unique(np.linspace(0, frames - length, _PROBES).astype(int)).tolist():
        try:
            samples = np.nan_to_num(read(first, first + length).astype(np.float64))
        except (RecordingError, soundfile.LibsndfileError, OSError):
            break  # which is said when it is read
        if len(samples):
            peak = max(peak, float(np.abs(samples).max()))
            samples -= samples.mean(axis=0)
            if float(_loudness(samples).max()) > _QUIET:
                found.append(samples)
    return found, peak


def _silent(probe: NDArray[np.float64], channel: int) -> bool:
    loudness = _loudness(probe)
    return bool(loudness[channel] < _SILENT * loudness.max() or loudness[channel] < _QUIET / 30)


def _copy(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    power = float(other @ other)
    if not power:
        return not one.any()
    left = one - float(one @ other) / power * other
    return bool(_loudness(left) < _SAME * _loudness(one) + 0.5 / 32_768)


def _loudness(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt((samples**2).mean(axis=0)))


def _named(channels: list[int]) -> str:
    """Return `channel 2`, `channels 1 and 3` or `channels 1 to 4`."""
    names = [str(channel + 1) for channel in channels]
    if len(names) == 1:
        return f"channel {names[0]}"
    if len(names) > 2 and channels == list(range(channels[0], channels[0] + len(channels))):
        return f"channels {names[0]} to {names[-1]}"
    return f"channels {', '.join(names[:-1])} and {names[-1]}"
