"""SAMoSA (Mollyn et al. 2022) as released: a smartwatch, 26 activities in four places.

`Data/TrainingDataset/PARTICIPANT---CONTEXT---ACTIVITY---TRIAL.pkl`, also found in the root itself,
e.g. `49---Kitchen---Chopping---1.pkl`: a dictionary of arrays

- `Audio` (n,), 16 kHz, 16-bit values; all zeros where `1kHz_Audio` (n,) stands instead, which the
  authors did for speech; that one is brought to 16 kHz.
- `IMU` (m, 9), about 50 Hz: acceleration, gyroscope, rotation vector, x to z each.

The official files are pickles, which may run code when loaded; here they go through a reader that
lets only numeric arrays in. `.npz` files with the same keys and names do as well.

Assumed: acceleration in m/s² and gyroscope in rad/s, as Android gives them; motion exactly 50 Hz;
the context is the scenario; a participant's trials follow one another every ten minutes from the
fixed start, by name, for the data set keeps no clock.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import signal

from models.recordings.formats.safe_pickle import UnsafePickleError, read_arrays
from models.recordings.protocol import EPOCH_START_NS, RecordingError, TruthSpan
from models.recordings.report import SetReport
from models.recordings.resampling import Regular
from models.recordings.session import Session, SessionMotion, SessionRecording, Sound, sound_array
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

AUDIO_RATE = 16_000
SPEECH_RATE = 1_000
_SOUND = ("Audio", "1kHz_Audio")
IMU_RATE = 50.0
EVERY_S = 600
_FOLDERS = ("", "TrainingDataset", "Data/TrainingDataset")


def open_set(root: Path, participant: str | None = None) -> list[SessionRecording]:
    """Return a recording for each trial, or for those of one participant.

    All of them share one `report`. Raises `RecordingError` when there is no trial to read.
    """
    if not root.is_dir():
        raise RecordingError(f"data set {str(root)!r} does not exist; expected SAMoSA's folder")
    report = SetReport()
    trials = _trials(root, report)
    users = sorted({parts[0] for _, parts in trials})
    if participant is not None and participant not in users:
        raise RecordingError(
            f"participant {participant!r} is not in {str(root)!r}; expected one of "
            f"{', '.join(users)}"
        )
    order: dict[str, int] = {}
    recordings = []
    for path, parts in trials:
        user = parts[0]
        number = order.get(user, 0)
        order[user] = number + 1
        if participant is not None and user != participant:
            continue
        start_ns = EPOCH_START_NS + number * EVERY_S * NS
        length_s = _length_s(path, report)
        if length_s is None:
            continue
        recordings.append(SessionRecording(_session(path, parts, start_ns, length_s, report)))
    if not recordings:
        raise RecordingError(
            f"data set {str(root)!r} has no readable PARTICIPANT---CONTEXT---ACTIVITY---TRIAL.pkl "
            f"({report or 'no such file'})"
        )
    return recordings


def _session(
    path: Path, parts: Sequence[str], start_ns: int, length_s: float, report: SetReport
) -> Session:
    """Return the trial of a file, whose activity and context last for all of it."""
    user, context, activity, trial = parts
    end_ns = start_ns + round(length_s * NS)
    return Session(
        name=f"samosa-{user}-{context}-{activity}-{trial}",
        user=user,
        device_id=f"samosa-{user}",
        start_ns=start_ns,
        sound=partial(_sound, path, report),
        motion=partial(_motion, path, report),
        spans=(
            TruthSpan(start_ns, end_ns, "activity", readable(activity)),
            TruthSpan(start_ns, end_ns, "scenario", readable(context)),
        ),
        report=report,
        length_s=length_s,
    )


def readable(label: str) -> str:
    """Return a label of a file name as words: `Toilet_flushing` -> `toilet flushing`."""
    return label.replace("_", " ").strip().lower()


def _trials(root: Path, report: SetReport) -> list[tuple[Path, tuple[str, str, str, str]]]:
    trials = []
    for folder in _FOLDERS:
        if not (root / folder).is_dir():
            continue
        for path in sorted((root / folder).iterdir()):
            if path.suffix not in (".pkl", ".npz"):
                continue
            parts = path.stem.split("---")
            if len(parts) != 4 or not all(parts):
                report.skip(path, "is not named PARTICIPANT---CONTEXT---ACTIVITY---TRIAL")
                continue
            trials.append((path, (parts[0], parts[1], parts[2], parts[3])))
    return trials


def _read_arrays(path: Path, report: SetReport) -> dict[str, NDArray[Any]] | None:
    try:
        return read_arrays(path)
    except (UnsafePickleError, OSError) as error:
        report.skip(path, str(error))
        return None


def _length_s(path: Path, report: SetReport) -> float | None:
    arrays = _read_arrays(path, report)
    if arrays is None:
        return None
    sound, motion = _sound_of(path, arrays, report), _motion_of(path, arrays, report)
    lengths = [len(sound) / AUDIO_RATE] if sound is not None else []
    lengths += [len(motion) / IMU_RATE] if motion is not None else []
    return max(lengths, default=None)


def _sound(path: Path, report: SetReport) -> Sound | None:
    arrays = _read_arrays(path, report)
    samples = None if arrays is None else _sound_of(path, arrays, report)
    return None if samples is None else sound_array(samples, AUDIO_RATE)


def _motion(path: Path, report: SetReport) -> SessionMotion | None:
    arrays = _read_arrays(path, report)
    values = None if arrays is None else _motion_of(path, arrays, report)
    return None if values is None else SessionMotion(IMU_RATE, [Regular(0.0, values)])


def _sound_of(
    path: Path, arrays: dict[str, NDArray[Any]], report: SetReport
) -> NDArray[np.int16] | None:
    wave, speech = (_numbers(path, arrays, name, report) for name in _SOUND)
    if speech is not None and (wave is None or not np.any(wave)):
        speech = np.nan_to_num(speech)
        wave = signal.resample_poly(speech.astype(np.float64).ravel(), AUDIO_RATE // SPEECH_RATE, 1)
    if wave is None and not arrays.keys().isdisjoint(_SOUND):
        return None
    if wave is None or wave.ndim != 1 or not wave.size:
        shape = None if wave is None else wave.shape
        report.skip(path, f"has Audio of shape {shape}; expected (n,)")
        return None
    return np.asarray(np.clip(np.round(np.nan_to_num(wave)), -32_768, 32_767), np.int16)


def _numbers(
    path: Path, arrays: dict[str, NDArray[Any]], name: str, report: SetReport
) -> NDArray[Any] | None:
    values = arrays.get(name)
    if values is not None and values.dtype.kind not in "iuf":
        report.skip(path, f"has {name} of {values.dtype}; expected numbers")
        return None
    return values


def _motion_of(
    path: Path, arrays: dict[str, NDArray[Any]], report: SetReport
) -> NDArray[np.float32] | None:
    report.read_again(path)
    motion = _numbers(path, arrays, "IMU", report)
    if motion is None and "IMU" in arrays:
        return None
    if motion is None or motion.ndim != 2 or motion.shape[1] < 6 or not len(motion):
        shape = None if motion is None else motion.shape
        report.skip(path, f"has IMU of shape {shape}; expected (n, 9)")
        return None
    with np.errstate(over="ignore"):
        values = motion[:, :6].astype(np.float32)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        report.bad_row(path, int(np.argmax(bad)) + 1, "not finite", "", int(bad.sum()), "row")
        if bad.all():
            return None
        rows = np.arange(len(values))
        for axis in range(6):
            values[bad, axis] = np.interp(rows[bad], rows[~bad], values[~bad, axis])
    return values
