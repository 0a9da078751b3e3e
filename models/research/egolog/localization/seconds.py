"""Training seconds for localization, around recorded head motion (EgoLog §4.2, §5.4).

Zero to three sources are rendered around the head of a ClassyGlass wearer in a drawn room, with
measured or drawn ears or a microphone array: far sources are fixed in the room, near ones turn with
the body. A second's truth contains only sources that are audible in it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import numpy as np
from tqdm import tqdm

from models.features import Features
from models.labels import SOUND_EVENTS
from models.recordings.shared_data import CIPIC, ESC50
from models.recordings.splits import Split, Splits
from models.research.egolog.localization.placing import (
    APART,
    CONTINUUM,
    Placing,
)
from models.research.egolog.localization.spatial_seconds import SpatialSeconds
from models.research.lib.array_cache import load_or_make
from models.simulation.acoustics.ears import Ears, SphericalEars
from models.simulation.acoustics.microphone_arrays import MicrophoneArray
from models.simulation.acoustics.rooms import Room
from models.simulation.acoustics.sounds import FS, SoundSource
from models.simulation.life.motion import RATE
from models.simulation.life.plan import SoundEvent
from models.simulation.rendering.mixer import Listener, Mixer
from models.simulation.sources.head_motion import HeadMotions, Turning
from models.simulation.sources.measured import EARS_REVISION, SoundBank, read_cipic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

Ring = Literal["binaural", "glasses", "headphones"]
RINGS: tuple[Ring, ...] = ("binaural", "glasses", "headphones")

SECONDS = 2  # of a clip
SOURCES = 3
AUDIBLE_DB = -25.0  # below this level relative to its source's, a second is a pause
BEFORE_S = 1  # rendered before the clip, so that continuous sounds have their full reverberation
_COUNTS = (0.05, 0.5, 0.3, 0.15)
_MEASURED_EARS = 0.75
_FITS = 16  # wearers of an array in a split
_TRAINED_ON_RECORDED = 0.7
_STREAMS: dict[str, int] = {"train": 1, "validation": 2, "test": 3}
_OTHER_STREAM = 4


@dataclass(frozen=True)
class Surroundings:
    """The material of clips: sounds, their labels, ears and head motion.

    `ears` draws the ears of one wearer; `stream` separates the random placements of the splits.
    """

    name: str
    stream: int
    labels: Sequence[str]
    sounds: SoundSource
    ears: Callable[[Generator], Ears]
    motions: HeadMotions
    placing: Placing = APART

    @classmethod
    def read(
        cls, data: Path, split: Split | Splits | None, ring: Ring = "binaural"
    ) -> Surroundings:
        """Read the recordings of `split` of a folder laid out like the shared one.

        Training mixes recorded with synthesised sounds and measured with drawn ears; elsewhere
        all sounds are recorded and, for two ears, all ears measured. Training and validation draw
        every distance, the others what is clearly near or far.
        """
        parts = Splits.of(split)
        training = split == "train"
        share = _TRAINED_ON_RECORDED if training else 1.0
        bank = SoundBank.read(data / ESC50, parts.sounds, share=share)
        worn = f"{ring}-{EARS_REVISION}" if ring == "binaural" else ring
        name = f"{worn}-{split}"
        if not isinstance(split, str):
            whole = f"{data.resolve()} {parts}"
            name = f"{worn}-{sha256(whole.encode()).hexdigest()[:12]}"
        return cls(
            name,
            _STREAMS.get(split, _OTHER_STREAM) if isinstance(split, str) else _OTHER_STREAM,
            SOUND_EVENTS if training else sorted(bank.labels),
            bank,
            _ears(data, parts.ears, ring, training),
            HeadMotions.read(data / "imu" / "classyglass_50hz.npz", parts.motion),
            CONTINUUM if split in ("train", "validation") else APART,
        )


def spatial_seconds(
    around: Surroundings, seed: int, count: int, cache: Path | None
) -> SpatialSeconds:
    """Return `count` clips of 2 s, cached in the folder `cache`."""
    name = f"around-{around.name}-{seed}-{count}"
    columns = [f.name for f in fields(SpatialSeconds)]

    def make() -> dict[str, NDArray[np.generic]]:
        features = Features()
        made = [
            clip(around, np.random.default_rng([around.stream, seed, number]), features)
            for number in tqdm(range(count), desc=name, mininterval=5)
        ]
        return {c: np.concatenate([getattr(part, c) for part in made]) for c in columns}

    return SpatialSeconds(
        **load_or_make(cache / name if cache is not None else None, columns, make)
    )


def clip(around: Surroundings, rng: Generator, features: Features) -> SpatialSeconds:
    """Render one clip and compute its features."""
    turning = around.motions.draw(rng, BEFORE_S + SECONDS)
    mixer, events = scene(around, rng, turning)
    waves = np.zeros((0,), np.float32)
    is_audible = np.zeros((SECONDS, len(events)), bool)
    for event, wave in mixer.parts(BEFORE_S, BEFORE_S + SECONDS):
        power = np.square(wave).reshape(len(wave), SECONDS, FS).mean(axis=(0, 2))
        loud = 10 * np.log10(np.maximum(power, 1e-12)) > event.level_db + AUDIBLE_DB
        is_audible[:, events.index(event)] = loud
    waves = mixer.audio(BEFORE_S, BEFORE_S + SECONDS)
    # Recordings arrive as 16-bit samples, so training sees their rounding too.
    waves = np.round(waves * 32_767).astype(np.float32) / np.float32(32_768)
    azimuth = np.full((SECONDS, SOURCES), np.nan, np.float32)
    distance = np.full((SECONDS, SOURCES), np.nan, np.float32)
    for second in range(SECONDS):
        for place, index in enumerate(np.flatnonzero(is_audible[second])):
            event = events[int(index)]
            relative = mixer.relative(event, BEFORE_S + second, BEFORE_S + second + 1)
            azimuth[second, place] = np.angle(np.exp(1j * relative).mean())
            distance[second, place] = event.distance_m
    present = np.ones(FS, dtype=bool)
    maps = [
        features.audio(waves[:, s * FS : (s + 1) * FS], FS, present)["maps"] for s in range(SECONDS)
    ]
    kept = slice(BEFORE_S * RATE, None)
    speed = np.abs(np.diff(turning.head, append=turning.head[-1:])) * RATE
    return SpatialSeconds(
        maps=np.stack(maps),
        imu=turning.imu[kept].reshape(SECONDS, RATE, 6),
        azimuth=azimuth,
        distance_m=distance,
        turn=np.rad2deg(speed[kept].reshape(SECONDS, RATE).mean(axis=1)).astype(np.float32),
    )


def scene(around: Surroundings, rng: Generator, turning: Turning) -> tuple[Mixer, list[SoundEvent]]:
    """Place sources around a wearer in a drawn room."""
    room = some_room(rng, around.placing)
    events = [event(around, rng, room) for _ in range(int(rng.choice(len(_COUNTS), p=_COUNTS)))]
    return make_mixer(around, rng, turning, events), sorted(events, key=lambda event: event.start_s)


def some_room(rng: Generator, placing: Placing = APART) -> Room:
    """Draw a room of any kind."""
    kinds = list(placing.rooms)
    return Room.draw(kinds[int(rng.choice(len(kinds), p=list(placing.rooms.values())))], rng)


def make_mixer(
    around: Surroundings, rng: Generator, turning: Turning, events: Sequence[SoundEvent]
) -> Mixer:
    """Return a renderer of events for a wearer with drawn ears and the given head motion."""

    def yaw(start_s: int, stop_s: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        cut = slice(start_s * RATE, stop_s * RATE)
        return turning.head[cut], turning.body[cut]

    listener = Listener(
        seconds=BEFORE_S + SECONDS,
        ears=around.ears(rng),
        yaw=yaw,
        mic_noise=float(10 ** (rng.uniform(-72, -56) / 20)),
        cadence=lambda _at_s: 1.8,
    )
    ordered = sorted(events, key=lambda event: event.start_s)
    return Mixer(ordered, listener, int(rng.integers(2**62)), around.sounds)


def event(around: Surroundings, rng: Generator, room: Room, near: bool | None = None) -> SoundEvent:
    """Draw a source around the head, near or far with equal probability unless `near` is given."""
    near = bool(rng.random() < 0.5) if near is None else near
    seconds = float(BEFORE_S + SECONDS)
    # Most last for the whole clip; the others begin or end within it.
    start = float(rng.uniform(0, seconds - 1)) if rng.random() < 0.25 else 0.0
    stop = float(rng.uniform(start + 1, seconds)) if rng.random() < 0.25 else seconds
    return SoundEvent(
        start_s=start,
        stop_s=stop,
        label=str(rng.choice(around.labels)),
        near=near,
        azimuth=float(rng.uniform(-np.pi, np.pi)),
        distance_m=_distance(around.placing, near, rng),
        # The same levels for near and far, so that loudness is no cue (EgoLog §3.2).
        level_db=float(np.clip(rng.normal(-27, 4), -38, -18)),
        source=int(rng.integers(2**62)),
        take=int(rng.integers(2**62)),
        room=room,
    )


def _distance(placing: Placing, near: bool, rng: Generator) -> float:
    between = placing.near_m if near else placing.far_m
    if placing.even:
        return float(np.exp(rng.uniform(*np.log(between))))
    return float(rng.uniform(*between))


def _ears(
    data: Path, split: Split | None, ring: Ring, training: bool
) -> Callable[[Generator], Ears]:
    if ring != "binaural":
        fits = np.random.default_rng([_STREAMS.get(split or "", _OTHER_STREAM), _FITS])
        worn = [MicrophoneArray.draw(ring, fits) for _ in range(_FITS)]

        def array(rng: Generator) -> Ears:
            return worn[int(rng.integers(_FITS))]

        return array
    measured = read_cipic(data / CIPIC, split)

    def pair(rng: Generator) -> Ears:
        if training and rng.random() >= _MEASURED_EARS:
            return SphericalEars.draw(rng)
        return measured[int(rng.integers(len(measured)))]

    return pair
