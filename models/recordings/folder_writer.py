"""Writing a recording as a folder of plain files, which `folder:PATH` reads."""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from tqdm import tqdm

from models.recordings.named_times import name_of
from models.recordings.protocol import RecordingError, position_of, sample_time_ns
from schemas.frames import NS

if TYPE_CHECKING:
    from models.recordings.protocol import Recording

CHUNK_S = 30.0
_HOLE_NS = 5_000_000  # chunks that are closer follow one another
_SENSORS = (("acc", "m_s2"), ("gyro", "rad_s"))


def write(
    recording: Recording,
    folder: Path,
    *,
    device_id: str | None = None,
    seconds: float | None = None,
) -> None:
    """Write sound (FLAC), motion and truth (CSV), and identity (JSON).

    `device_id` replaces the recording's own; `seconds` limits its length. The folder appears once
    it is whole. Raises `RecordingError` if the recording lacks sound or motion.
    """
    length_s = recording.duration_s if seconds is None else min(seconds, recording.duration_s)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}.partial-", dir=folder.parent) as made_here:
        whole = Path(made_here) / "whole"
        whole.mkdir()
        _write_files(recording, whole, length_s, device_id)
        try:
            whole.rename(folder)
        except OSError:
            # It has files already, which those of the same names replace.
            for file in whole.iterdir():
                file.replace(folder / file.name)


def _write_files(
    recording: Recording, folder: Path, length_s: float, device_id: str | None
) -> None:
    rate, channels, imu_rate = recording.sample_rate, recording.channels, recording.imu_rate
    if rate is None or channels is None or imu_rate is None:
        raise RecordingError(f"recording {recording.name!r} lacks sound or motion; expected both")
    _write_sound(recording, folder, length_s, rate, channels)
    _write_motion(recording, folder, length_s, imu_rate)
    _write_truth(recording, folder / "truth.csv", length_s)
    described = {"start": _iso(recording.start_ns)}
    if device_id is None:
        described = {
            "device_id": recording.device_id,
            "session_id": recording.session_id,
            **described,
        }
    else:
        described = {"device_id": device_id, **described}
    position = position_of(recording)
    if position is not None:
        described["position"] = position
    (folder / "recording.json").write_text(json.dumps(described, indent=2))


def _iso(time_ns: int) -> str:
    # A float of so many seconds would be off by some hundred nanoseconds.
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns // 1_000)).isoformat()


def _write_sound(
    recording: Recording, folder: Path, length_s: float, rate: int, channels: int
) -> None:
    """Write a file for each stretch of sound, named by its start."""
    try:
        _write_stretches(recording, folder, length_s, rate, channels)
    except soundfile.LibsndfileError as error:
        # It does not say that a disk is full.
        left_mb = shutil.disk_usage(folder).free / 1_000_000
        raise RecordingError(
            f"sound cannot be written to {folder.parent.parent}: {str(error).rstrip('.').lower()}, "
            f"with {left_mb:.1f} MB left on its disk"
        ) from error


def _write_stretches(
    recording: Recording, folder: Path, length_s: float, rate: int, channels: int
) -> None:
    end_ns = recording.start_ns + round(length_s * NS)
    chunks = recording.audio(CHUNK_S)
    total = -(-int(length_s) // int(CHUNK_S))
    with ExitStack() as last:
        sound, next_ns = None, 0
        for chunk in tqdm(chunks, desc=recording.name, total=total, unit="chunk", mininterval=2):
            left = round((end_ns - chunk.t_ns) * rate / NS)
            if left <= 0:
                break
            if sound is None or abs(chunk.t_ns - next_ns) > _HOLE_NS:
                last.close()
                path = folder / f"{name_of(chunk.t_ns)}.flac"
                sound = last.enter_context(soundfile.SoundFile(path, "w", rate, channels, "PCM_16"))
                begin_ns = chunk.t_ns
            sound.write(chunk.samples[:left])
            next_ns = sample_time_ns(begin_ns, sound.frames, rate)


def _write_motion(recording: Recording, folder: Path, length_s: float, rate: float) -> None:
    """Write all motion to a file that is named by its start; holes are missing rows."""
    end_ns = recording.start_ns + round(length_s * NS)
    with ExitStack() as file:
        rows, begin_ns = None, 0
        for part in recording.imu(CHUNK_S):
            left = round((end_ns - part.t_ns) * rate / NS)
            if left <= 0:
                break
            if rows is None:
                begin_ns = part.t_ns
                path = folder / f"{name_of(begin_ns)}.csv"
                rows = csv.writer(file.enter_context(path.open("w", newline="")))
                axes = [f"{kind}_{axis}_{unit}" for kind, unit in _SENSORS for axis in "xyz"]
                rows.writerow(["time_s", *axes])
            for row, values in enumerate(np.concatenate([part.acc, part.gyro], axis=1)[:left]):
                time_s = (part.t_ns - begin_ns) / NS + row / rate
                # Nine digits round-trip any float32.
                rows.writerow([f"{time_s:.6f}", *(f"{value:.9g}" for value in values)])


def _write_truth(recording: Recording, path: Path, length_s: float) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["start_s", "end_s", "kind", "label", "region"])
        for span in recording.truth():
            begin, end = ((t - recording.start_ns) / NS for t in (span.start_ns, span.end_ns))
            if begin < length_s:
                edges = f"{begin:g}", f"{min(end, length_s):g}"
                rows.writerow([*edges, span.kind, span.label, span.region or ""])
