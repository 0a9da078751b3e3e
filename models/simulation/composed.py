"""Composed recordings: real head motion with real sounds around it through measured ears.

The head turns as recorded by a ClassyGlass user's gyroscope; ESC-50 clips are played near and far
in a random room through a CIPIC subject's ears. The seed determines the sounds and their places,
which are the ground truth. Only clips and ears of one split are used (default: those that no
network was trained on).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from models.recordings.blocks import Blocks
from models.recordings.datasets import classyglass
from models.recordings.datasets.esc50 import ACTIVITY_OF_CATEGORY, EVENT_OF_CATEGORY
from models.recordings.protocol import (
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
    cuts,
    sample_time_ns,
)
from models.simulation.acoustics.rooms import Room
from models.simulation.acoustics.sounds import FS, SoundSource
from models.simulation.life import planned_sounds
from models.simulation.life.heading import yaw_rate
from models.simulation.rendering import ground_truth
from models.simulation.rendering.mixer import Listener, Mixer
from models.simulation.sources.measured import SoundBank, read_cipic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.formats.arrays import ImuArray
    from models.recordings.splits import Split
    from models.simulation.acoustics.ears import Ears
    from models.simulation.life.plan import SoundEvent
    from schemas.frames import Modality

_RATE = 50
_BODY_S = 4.0  # time constant with which the body follows the head's turns
_MIC_NOISE = 10 ** (-66 / 20)
_FAR = dict.fromkeys(sorted(set(EVENT_OF_CATEGORY.values())), 1.0)
_ROOMS = ("room", "hall", "bathroom", "street")
_SOUND_OF_ACTIVITY = {
    activity: EVENT_OF_CATEGORY[category] for category, activity in ACTIVITY_OF_CATEGORY.items()
} | {"walking": "footsteps", "running": "footsteps"}
_ANY_NEAR = {"mouse click": 1.0, "drinking": 1.0, "cough": 0.5, "can opening": 0.5}


class ComposedRecording:
    """One ClassyGlass recording, cut to whole seconds, with two ears of composed sound."""

    streams: tuple[Modality, ...] = ("audio", "imu")

    def __init__(
        self, motion: ImuArray, ears: Ears, sounds: SoundSource, seed: int, number: int
    ) -> None:
        self._motion = motion
        self._ears = ears
        self._sounds = sounds
        self._seed = seed * 1_000 + number
        self._seconds = len(motion.values) // _RATE
        self.device_id = f"composed-{motion.device_id.removeprefix('classyglass-')}-{seed}"
        self.name = f"{self.device_id}-{number}"
        self.session_id = self.name
        self.start_ns = motion.start_ns
        self.sample_rate: int | None = FS
        self.channels: int | None = 2
        self.imu_rate: float | None = motion.rate
        self.duration_s = float(self._seconds)
        self._events = _events(np.random.default_rng(self._seed), motion, self._seconds)

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield (n, 2) int16, left ear first."""
        blocks = Blocks(FS, self._seconds, self._mixer().audio, axis=1)
        for first, last in cuts(self._seconds * FS, FS, chunk_s, start_s):
            wave = np.round(blocks.cut(first, last) * 32_767).astype(np.int16)
            time_ns = sample_time_ns(self.start_ns, first, FS)
            yield AudioChunk(time_ns, np.ascontiguousarray(wave.T))

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield the wearer's own motion, unaltered."""
        for first, last in cuts(self._seconds * _RATE, _RATE, chunk_s, start_s):
            rows = self._motion.scaled(first, last)
            yield ImuChunk.of_rows(sample_time_ns(self.start_ns, first, _RATE), rows)

    def truth(self) -> Sequence[TruthSpan]:
        """Return the data set's activity and the composed sounds with their regions."""
        end_ns = sample_time_ns(self.start_ns, self._seconds * _RATE, _RATE)
        spans = [
            TruthSpan(s.start_ns, min(s.end_ns, end_ns), s.kind, s.label)
            for s in self._motion.truth()
        ]
        events = self._mixer().audible_events(0, self._seconds)
        spans += ground_truth.sound_spans(events, self.start_ns)
        return sorted(spans, key=lambda s: (s.start_ns, s.end_ns, s.kind, s.label))

    def _mixer(self) -> Mixer:
        head = head_yaw(self._motion.scaled(0, self._seconds * _RATE))
        body = ndimage.gaussian_filter1d(head, _BODY_S * _RATE, mode="nearest")

        def yaw(start_s: int, stop_s: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            cut = slice(start_s * _RATE, stop_s * _RATE)
            return head[cut], body[cut]

        listener = Listener(self._seconds, self._ears, yaw, _MIC_NOISE, lambda at_s: 1.8)  # noqa: ARG005 - the signature is its callers'
        return Mixer(self._events, listener, self._seed, self._sounds)


def head_yaw(imu: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the head's yaw (n,) in rad from `imu` (n, 6), counter-clockwise.

    It is the integral of the turn rate about gravity, less its median, which is taken as the
    sensor's bias.
    """
    rate = yaw_rate(imu)
    return np.asarray(np.cumsum(rate - np.median(rate)) / _RATE, np.float64)


def open_user(
    data_root: Path, user: str, seed: int = 0, split: Split = "test"
) -> list[ComposedRecording]:
    """Return one ClassyGlass user's recordings with sound; raises `RecordingError`.

    `data_root` holds `imu/`, `audio/` and `hrtf/`.
    """
    needed = [
        data_root / "imu" / "classyglass_50hz.npz",
        data_root / "audio" / "esc50_16k" / "esc50.csv",
        data_root / "hrtf" / "cipic_16khz.npz",
    ]
    for path in needed:
        if not path.is_file():
            raise RecordingError(f"data file {str(path)!r} does not exist")
    if seed < 0:
        raise RecordingError(f"seed is {seed}; expected 0 or more")
    motions = classyglass.open_user(needed[0], user)
    sounds = SoundBank.read(needed[1].parent, split, share=1.0)
    heads = read_cipic(needed[2], split)
    # One device, so one pair of ears for all of a user's recordings.
    ears = heads[int(np.random.default_rng([seed, 4]).integers(len(heads)))]
    return [
        ComposedRecording(motion, ears, sounds, seed, number)
        for number, motion in enumerate(motions, 1)
    ]


def _events(rng: np.random.Generator, motion: ImuArray, seconds: int) -> tuple[SoundEvent, ...]:
    room = Room.draw(str(rng.choice(_ROOMS)), rng)
    activity = next((s.label for s in motion.truth() if s.kind == "activity"), "")
    own = _SOUND_OF_ACTIVITY.get(activity)
    near = {own: 1.0} if own is not None else _ANY_NEAR
    share = 0.8 if own is not None else 0.35
    events = planned_sounds.filling_sounds(rng, near, share, True, 0, seconds, room)
    events += planned_sounds.filling_sounds(rng, _FAR, 0.6, False, 0, seconds, room)
    return tuple(sorted(events, key=lambda e: (e.start_s, e.stop_s, e.take)))
