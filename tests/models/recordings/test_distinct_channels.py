"""Channels that hold no sound of their own are no microphones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from models.recordings.distinct_channels import distinct_channels
from models.recordings.folder import open_folder
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.opening import import_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE, SECONDS = 8_000, 5
_RNG = np.random.default_rng(3)
_ONE, _OTHER = 0.1 * np.cumsum(_RNG.normal(size=(2, RATE * SECONDS)), axis=1) / RATE**0.5
_NONE = np.zeros_like(_ONE)


def _hiss(loudness: float = 1e-3) -> NDArray[np.float64]:
    return _RNG.normal(scale=loudness, size=_ONE.shape)


@pytest.mark.parametrize(
    ("waves", "used", "note"),
    [
        ([_ONE], (0,), None),
        ([_ONE, _OTHER], (0, 1), None),
        # Two ears of a sound straight ahead, each with its own noise.
        ([_ONE + _hiss(), _ONE + _hiss()], (0, 1), None),
        ([_ONE, np.roll(_ONE, 1)], (0, 1), None),
        ([_NONE, _NONE], (0, 1), None),
        # One of two is broken from the middle on.
        ([_ONE, _OTHER * (np.arange(len(_ONE)) < len(_ONE) / 2)], (0, 1), None),
        ([_ONE, _ONE], (0,), "channel 1 of 2 is used: channel 2 is the same sound"),
        ([_ONE, -0.5 * _ONE], (0,), "channel 1 of 2 is used: channel 2 is the same sound"),
        ([_ONE + 0.1, _ONE - 0.2], (0,), "channel 1 of 2 is used: channel 2 is the same sound"),
        ([_NONE + 0.3, _ONE], (1,), "channel 2 of 2 is used: channel 1 is silent"),
        ([_ONE, _hiss(1e-5)], (0,), "channel 1 of 2 is used: channel 2 is silent"),
        ([_ONE, _NONE, _OTHER, _NONE], (0, 2),
         "channels 1 and 3 of 4 are used: channels 2 and 4 are silent"),
        ([_ONE, _ONE, _OTHER], (0, 2),
         "channels 1 and 3 of 3 are used: channel 2 is the same sound"),
        ([_ONE, _OTHER, _hiss()], (0, 1), "channels 1 and 2 of 3 are used"),
        ([_ONE, _OTHER, *(_hiss() for _ in range(4))], (0, 1, 2, 3),
         "channels 1 to 4 of 6 are used"),
    ],
)  # fmt: skip
def test_only_channels_of_their_own_sound_are_used(
    waves: list[NDArray[np.float64]], used: tuple[int, ...], note: str | None
) -> None:
    samples = np.stack(waves, axis=1).astype(np.float32)
    found = distinct_channels(
        samples.shape[1], len(samples), RATE, lambda first, last: samples[first:last]
    )
    assert (found.used, found.note) == (used, note)


def test_an_ear_that_is_silent_in_a_later_file_is_still_one(tmp_path: Path) -> None:
    for at, second in enumerate((_OTHER, _NONE)):
        path = tmp_path / f"2026-03-02T08-00-{at * SECONDS:02}Z.wav"
        soundfile.write(path, np.stack([_ONE, second], axis=1), RATE)
    recording = open_folder(tmp_path)
    samples = np.concatenate([chunk.samples for chunk in recording.audio(1.0)])
    assert samples.shape == (2 * RATE * SECONDS, 2)
    assert (recording.report.skipped, recording.report.warnings) == ([], [])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_one_microphone_that_is_saved_as_two_is_one(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "2026-03-02T08-00-00Z.wav"
    soundfile.write(path, np.stack([_NONE, _ONE], axis=1), RATE, subtype=subtype)
    folder, (imported,) = open_folder(tmp_path), import_of(tmp_path).recordings
    for recording in (folder, imported):
        samples = np.concatenate([chunk.samples for chunk in recording.audio(1.0)])
        assert (recording.channels, samples.shape) == (1, (RATE * SECONDS, 1))
        np.testing.assert_allclose(samples[:, 0] / 32_767, _ONE, atol=5e-5)
    note = "channel 2 of 2 is used: channel 1 is silent"
    assert imported.warnings == [note]
    assert folder.report.lines() == [f"{path.name}: {note}"]


@pytest.mark.parametrize("channels", [1, 2])
def test_samples_beyond_full_scale_are_said(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "2026-03-02T08-00-00Z.wav"
    loudest = float(np.abs(_ONE).max())
    wave = np.stack([_ONE, _OTHER / np.abs(_OTHER).max() * loudest][:channels], axis=1) / loudest
    soundfile.write(path, 3 * wave, RATE, subtype="FLOAT")
    (imported,) = import_of(tmp_path).recordings
    (line,) = open_folder(tmp_path).report.lines()
    assert imported.warnings == [line.removeprefix(f"{path.name}: ")]
    assert re.fullmatch(
        r"samples reach [23](\.\d+)? and are clipped at 1: save it less loud", imported.warnings[0]
    )


def test_integers_that_are_saved_as_floats_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(RATE) / 5) * 20_000, RATE, subtype="FLOAT")
    reason = dict(import_of(tmp_path).skipped)["a.wav"]
    assert re.match(r"holds samples up to 20000; expected -1 to 1 \(or 16-bit int", reason)
    with pytest.raises(RecordingError, match="holds samples up to 20000"):
        open_folder(tmp_path)
