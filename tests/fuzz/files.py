"""Recordings, arrays, weights and buffers as files that others wrote or a disk damaged."""

from __future__ import annotations

import io
import pickle
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save as save_tensors

from infra.errors import ReplayBufferError
from infra.model_store.replay_buffer import ReplayBuffer
from infra.settings.scenario_names import ScenarioNamesError, read_names
from models.recordings.folder import open_folder
from models.recordings.formats.arrays import load
from models.recordings.formats.safe_pickle import UnsafePickleError, read_arrays
from models.recordings.imports.importing import open_import
from models.recordings.protocol import RecordingError
from models.serving.weights_file import DamagedWeightsError, _read_tensors
from tests.fuzz.mutation import damage
from tests.fuzz.trial import Target
from tests.models.recordings.imports import makers, wearables
from tests.models.recordings.imports.sounds import NOW_NS, motion, sound

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.recordings.protocol import Recording

_SECONDS = 2.0
# An import takes milliseconds, a message microseconds.
_IMPORT_WEIGHT = 0.02
_WEARABLE_BYTES = 5_000
_FILE_WEIGHT = 0.1
_WRITERS = (makers.sensor_logger_android, makers.phyphox, makers.empatica, makers.esense)


def file_targets(folder: Path) -> list[Target]:
    """Return a target for each reader of files, which writes them to `folder`."""
    return [
        *(
            _of_files(f"folder with {suffix}", {suffix: examples}, folder, _read_folder)
            for suffix, examples in _parts(folder).items()
        ),
        *(
            _of_files(f"import of {suffix}", {suffix: examples}, folder, _read_import)
            for suffix, examples in {**_parts(folder), ".zip": _zips(folder)}.items()
        ),
        _of_files("import of wearables", {".csv": _wearables(folder)}, folder, _read_import),
        _one(
            "arrays", ".npz", [_npz()], folder, lambda path: load(path, ["a", "b"]), RecordingError
        ),
        _one(
            "pickles",
            ".pkl",
            [pickle.dumps({"a": np.arange(9.0), "b": np.zeros((3, 2), np.int16)})],
            folder,
            read_arrays,
            UnsafePickleError,
        ),
        _one("pickled archives", ".npz", [_npz()], folder, read_arrays, UnsafePickleError),
        _one(
            "weights",
            ".safetensors",
            [save_tensors({"a": np.zeros((3, 4), np.float32)}, {"format": "1", "labels": "{}"})],
            folder,
            _read_tensors,
            DamagedWeightsError,
        ),
        _one("buffers", ".sqlite", [_buffer(folder)], folder, _read_buffer, ReplayBufferError),
        _one(
            "files of names",
            ".json",
            [b'["Cooking", "Reading books"]'],
            folder,
            read_names,
            ScenarioNamesError,
        ),
    ]


def _parts(folder: Path) -> dict[str, list[bytes]]:
    sounds = {
        suffix: [
            sound(folder / f"a{channels}{suffix}", _SECONDS, channels=channels).read_bytes()
            for channels in (1, 2)
        ]
        for suffix in (".wav", ".flac")
    }
    rows = motion(folder / "m.csv", _SECONDS).read_bytes()
    about = b'{"device_id": "walk", "session_id": "s", "start": "2026-03-02T08:00:00Z"}'
    return {**sounds, ".csv": [rows], ".json": [about]}


def _zips(folder: Path) -> list[bytes]:
    out = []
    for writer in _WRITERS:
        place = folder / writer.__name__
        place.mkdir(exist_ok=True)
        written = writer(place)
        if written.is_file():
            out.append(written.read_bytes())
            continue
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in written.rglob("*"):
                if each.is_file():
                    archive.write(each, each.relative_to(written))
        out.append(file.getvalue())
    return out


def _wearables(folder: Path) -> list[bytes]:
    exports = []
    for writer in (wearables.axivity, wearables.geneactiv, wearables.actigraph):
        place = folder / writer.__name__
        place.mkdir()
        exports.append(writer(place).read_bytes()[:_WEARABLE_BYTES])
    return exports


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(30.0), b=np.zeros((4, 3), np.int16))
    return file.getvalue()


def _buffer(folder: Path) -> bytes:
    path = folder / "good.sqlite"
    with ReplayBuffer(path, 9) as buffer:
        buffer.put([("w1", "e", b"message"), ("w2", "e", b"another")])
    return path.read_bytes()


def _read_buffer(path: Path) -> object:
    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()
    with ReplayBuffer(path, 9) as buffer:
        buffer.put([("w3", "e", b"third")])
        return len(buffer), buffer.messages(buffer.newest), buffer.pending, buffer.fresh


def _read_folder(folder: Path) -> object:
    return _through(open_folder(folder))


def _read_import(folder: Path) -> object:
    return [_through(each) for each in open_import(folder, now_ns=NOW_NS).recordings]


def _through(recording: Recording) -> int:
    chunks = sum(len(chunk.samples) for chunk in recording.audio())
    return chunks + sum(len(chunk.acc) for chunk in recording.imu())


def _of_files(
    name: str,
    examples: dict[str, list[bytes]],
    folder: Path,
    read: Callable[[Path], object],
) -> Target:
    [(suffix, data)] = examples.items()
    place = folder / name.replace(" ", "_").replace(".", "")
    place.mkdir()
    if suffix == ".json":
        motion(place / "2026-03-02T08-00-00Z.csv", _SECONDS)
    file = place / ("recording.json" if suffix == ".json" else f"2026-03-02T08-00-00Z{suffix}")

    def read_one(changed: bytes) -> object:
        file.write_bytes(changed)
        return read(place)

    return Target(name, data, damage, read_one, (RecordingError,), _IMPORT_WEIGHT)


def _one(
    name: str,
    suffix: str,
    examples: list[bytes],
    folder: Path,
    read: Callable[[Path], object],
    refuses: type[BaseException],
) -> Target:
    file = Path(tempfile.mkdtemp(dir=folder)) / f"file{suffix}"

    def read_one(changed: bytes) -> object:
        file.write_bytes(changed)
        return read(file)

    return Target(name, examples, damage, read_one, (refuses,), _FILE_WEIGHT)
