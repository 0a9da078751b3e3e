"""Renders sound events around a moving head: its ears' sound for any whole seconds.

The direct path and the first reflections are filtered by the ears from their own directions
relative to the turning head; later ones are static. Without ears, one omnidirectional microphone at
the centre of the head receives the same rooms at the same levels at a quarter of the cost.

Each event is rendered whole from its own seeds and then cut, so a second does not depend on where
rendering began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.simulation.acoustics.ears import ECHO_WINDOW_S, HOP, Ears, first_echoes, render_at_ears
from models.simulation.acoustics.rooms import LONGEST_S, SPEED_OF_SOUND, Reflections, convolve
from models.simulation.acoustics.sounds import FS, SoundSource, Wave, synthesise
from models.simulation.life.motion import RATE
from models.simulation.life.planned_sounds import CROSSFADE_S
from schemas.evidence import DIRECTIONS

if TYPE_CHECKING:
    from models.simulation.life.plan import SoundEvent

_MIDDLE_M = np.zeros((1, 3))
_FAR_TABLE_M = 2.0  # reflections arrive from far away, whatever their source's distance
_LONGEST_TAIL = round((LONGEST_S + 0.3) * FS)

# A source must be audible for this long in a second to count as audible in it.
MIN_AUDIBLE_S = 0.3

# (start_s, stop_s) -> yaw of head and body at 50 Hz, rad, counter-clockwise.
Yaw: TypeAlias = Callable[[int, int], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True)
class AudibleEvent:
    """A sound event in one second: label and region."""

    second: int
    label: str
    region: str


@dataclass(frozen=True)
class Listener:
    """The listening head for `seconds`: its ears, its turns, its microphones' noise level.

    `ears` of None is one omnidirectional microphone at the centre of the head.
    `cadence(at_s)` is the wearer's steps a second at a time, for the sound of the footsteps.
    """

    seconds: int
    ears: Ears | None
    yaw: Yaw
    mic_noise: float
    cadence: Callable[[float], float]


class Mixer:
    """Sound events, sorted by start, for one listener; `seed` is that of the microphones' noise."""

    def __init__(
        self,
        events: Sequence[SoundEvent],
        listener: Listener,
        seed: int,
        sounds: SoundSource = synthesise,
    ) -> None:
        self._events = events
        self._listener = listener
        self._seed = seed
        self._sounds = sounds
        self._rendered: dict[int, tuple[int, NDArray[np.float32]]] = {}

    def audio(self, start_s: int, stop_s: int) -> NDArray[np.float32]:
        """Return (M, (stop_s - start_s) * 16000) float32, left ear first, within [-1, 1].

        M is the number of the ears' microphones, or 1 without ears.
        """
        out = np.concatenate([self._noise(s) for s in range(start_s, stop_s)], axis=1)
        for _, wave in self.parts(start_s, stop_s):
            out += wave
        return np.clip(out, -1, 1, out=out)

    def parts(self, start_s: int, stop_s: int) -> Iterator[tuple[SoundEvent, NDArray[np.float32]]]:
        """Yield the events audible in [start_s, stop_s) and the signal of each: (M, n) float32."""
        first, last = start_s * FS, stop_s * FS
        for index, event in enumerate(self._events):
            begin = round(event.start_s * FS)
            if begin >= last:
                break
            if begin + round((event.stop_s - event.start_s) * FS) + _LONGEST_TAIL <= first:
                continue
            if index not in self._rendered:
                self._rendered[index] = (begin, self._render(event))
            wave = self._rendered[index][1]
            a, b = max(first, begin), min(last, begin + wave.shape[1])
            if a < b:
                out = np.zeros((len(wave), last - first), np.float32)
                out[:, a - first : b - first] = wave[:, a - begin : b - begin]
                yield event, out
        # What ended before this block is not needed again unless rendering goes back.
        self._rendered = {
            i: (begin, wave)
            for i, (begin, wave) in self._rendered.items()
            if begin + wave.shape[1] > last
        }

    def audible_events(self, start_s: int, stop_s: int) -> list[AudibleEvent]:
        """Return each second's sounds and the region that most of each lies in."""
        events: list[AudibleEvent] = []
        for event in self._events:
            if event.start_s >= stop_s:
                break
            first = max(start_s, int(event.start_s))
            last = min(stop_s, int(np.ceil(event.stop_s)), self._listener.seconds)
            if last <= first:
                continue
            relative = self.relative(event, first, last).reshape(-1, RATE)
            mean = np.angle(np.exp(1j * relative).mean(axis=1))
            for k, second in enumerate(range(first, last)):
                overlap = min(event.stop_s, second + 1) - max(event.start_s, second)
                if overlap >= MIN_AUDIBLE_S:
                    events.append(
                        AudibleEvent(second, event.label, region(float(mean[k]), event.near))
                    )
        return events

    def relative(self, event: SoundEvent, start_s: int, stop_s: int) -> NDArray[np.float64]:
        """Return a source's azimuth from the head, ((stop_s - start_s) * 50,), rad."""
        head, body = self._listener.yaw(start_s, stop_s)
        return event.azimuth + (body - head if event.near else -head)

    def _render(self, event: SoundEvent) -> NDArray[np.float32]:
        n = round((event.stop_s - event.start_s) * FS)
        take = np.random.default_rng(event.take)
        pace = None
        if event.pace is not None:
            pace = event.pace * self._listener.cadence(event.start_s)
        dry = self._sounds(event.label, np.random.default_rng(event.source), take, n, pace)
        fade = min(round(CROSSFADE_S * FS), n // 4)
        slope = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
        dry[:fade] *= slope
        dry[n - fade :] *= slope[::-1]
        total = self._place(event, dry)
        return total * np.float32(10 ** (event.level_db / 20) / max(_loudness(total), 1e-9))

    def _place(self, event: SoundEvent, dry: Wave) -> NDArray[np.float32]:
        ears, room = self._listener.ears, event.room
        azimuth = self._world_azimuth(event)
        distance = room.source_m(azimuth, event.distance_m)
        echoes = room.reflections(azimuth, distance)
        if ears is None:
            response = room.response(echoes, distance, _MIDDLE_M)
            response[:, 0] += 1
            return convolve(dry, response, dry.size + response.shape[1])
        delay_s = (np.linalg.norm(echoes.place, axis=1) - distance) / SPEED_OF_SOUND
        first = (echoes.order == 1) & (delay_s < ECHO_WINDOW_S)
        head, relative = self._directions(event, dry.size)
        response = room.response(_chosen(echoes, ~first), distance, ears.points_m)
        parts = [
            render_at_ears(dry, relative, ears.responses(distance)),
            first_echoes(dry, head, ears.responses(_FAR_TABLE_M), _chosen(echoes, first), distance),
        ]
        longest = max(dry.size + response.shape[1], *(part.shape[1] for part in parts))
        total = convolve(dry, response, longest)
        for part in parts:
            total[:, : part.shape[1]] += part
        return total

    def _world_azimuth(self, event: SoundEvent) -> float:
        """Return a source's azimuth in the room; a near one's for the body's heading at start."""
        if not event.near:
            return event.azimuth
        second = min(int(event.start_s), self._listener.seconds - 1)
        return event.azimuth + float(self._listener.yaw(second, second + 1)[1][0])

    def _directions(
        self, event: SoundEvent, n: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the head's yaw and the source's azimuth relative to it, every HOP samples."""
        first = int(event.start_s)
        last = min(int(np.ceil(event.stop_s)) + 1, self._listener.seconds)
        head = self._listener.yaw(first, last)[0]
        relative = self.relative(event, first, last)
        at = event.start_s - first + np.arange(-(-n // HOP) + 1) * (HOP / FS)
        grid = np.arange(relative.size) / RATE
        return (
            np.asarray(np.interp(at, grid, head), np.float64),
            np.asarray(np.interp(at, grid, relative), np.float64),
        )

    def _noise(self, second: int) -> NDArray[np.float32]:
        rng = np.random.default_rng([self._seed, 2, second])
        ears = self._listener.ears
        channels = 1 if ears is None else len(ears.points_m)
        noise = rng.standard_normal((channels, FS), dtype=np.float32)
        return noise * np.float32(self._listener.mic_noise)


def _chosen(echoes: Reflections, chosen: NDArray[np.bool_]) -> Reflections:
    return Reflections(echoes.place[chosen], echoes.gain[chosen], echoes.order[chosen])


def _loudness(wave: NDArray[np.float32]) -> float:
    # The loudest third of the 20 ms frames, as in `sounds.normalise_level`.
    frames = wave[:, : wave.shape[1] // 320 * 320].reshape(len(wave), -1, 320)
    power = np.sort(np.mean(np.square(frames), axis=(0, 2)))
    return float(np.sqrt(np.mean(power[-max(1, power.size // 3) :])))


def region(azimuth: float, near: bool) -> str:
    """Return the region of an azimuth relative to the head (rad, counter-clockwise)."""
    quarter = round(azimuth / (np.pi / 2)) % 4
    direction = (DIRECTIONS[0], DIRECTIONS[1], DIRECTIONS[3], DIRECTIONS[2])[quarter]
    return f"{direction}-{'near' if near else 'far'}"
