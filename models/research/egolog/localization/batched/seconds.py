"""Seconds around moving heads, drawn and rendered many at a time (one: `localization.seconds`).

Clips of 3 s, of which the last two seconds are kept, as maps, motion and soft regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.research.egolog.localization.batched.features import BatchedFeatures
from models.research.egolog.localization.batched.labels import heat_of, regions_of
from models.research.egolog.localization.batched.rooms import (
    AHEAD,
    DEGREES,
    KIND_NAMES,
    RADII_M,
    EarTables,
    Rooms,
    band_weights,
    convolve,
    echoes_at,
    through_ears,
)
from models.simulation.acoustics.ears import ECHO_WINDOW_S, HOP, NFFT
from models.simulation.acoustics.rooms import SPEED_OF_SOUND
from models.simulation.acoustics.sounds.dsp import FS
from models.simulation.life.motion import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BEFORE_S, KEPT_S = 1, 2
CLIP_S = BEFORE_S + KEPT_S
SAMPLES = CLIP_S * FS
STEPS = -(-SAMPLES // HOP) + 1
LOOP = 5 * FS
FADE = 1_600
NEAR_BORDER_M = 1.0
SOFT_BORDER_M = (0.8, 1.5)
AUDIBLE_DB = -25.0
MOVING_SHARE = 0.7
AT_ONCE = 128  # sources that are rendered together


@dataclass(frozen=True)
class Placements:
    """How clips are drawn.

    `counts` the probabilities of 0 to 3 sources; `border` the share of sources whose distance is
    drawn log-uniformly over `whole_m`, the others are clearly near or far; `still` the share of
    clips in which the head does not move at all.
    """

    rooms: dict[str, float]
    counts: tuple[float, ...] = (0.05, 0.5, 0.3, 0.15)
    border: float = 1.0
    whole_m: tuple[float, float, float] = (0.15, 1.0, 6.0)
    clear_m: tuple[tuple[float, float], tuple[float, float]] = ((0.2, 0.8), (1.5, 6.0))
    still: float = 0.0


@dataclass(frozen=True)
class Sounds:
    """K loops of 5 s at 16 kHz, (K, 80000) float16, and how likely each is, (K,)."""

    loops: Tensor
    share: Tensor

    @classmethod
    def of(
        cls,
        recorded: dict[str, list[NDArray[np.float32]]],
        made: dict[str, list[NDArray[np.float32]]],
        share: float,
        device: str,
    ) -> Sounds:
        """Return loops of recordings, `share` of all, and of synthesised sounds, labels alike."""
        waves, shares = [], []
        for part, all_of_it in ((recorded, share if made else 1.0), (made, 1 - share)):
            for takes in part.values():
                for take in takes:
                    waves.append(make_loop(take))
                    shares.append(all_of_it / len(part) / len(takes))
        loops = torch.from_numpy(np.stack(waves).astype(np.float16)).to(device)
        return cls(loops, torch.tensor(shares, device=device))

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """Return sounds (N, 48000) that begin anywhere, some a little faster or slower."""
        device = self.loops.device
        if not count:
            return torch.zeros((0, SAMPLES), device=device)
        which = torch.multinomial(self.share, count, replacement=True, generator=rng)
        start = torch.randint(LOOP, (count, 1), generator=rng, device=device)
        speed = torch.exp(0.12 * torch.randn((count, 1), generator=rng, device=device))
        alter = torch.rand((count, 1), generator=rng, device=device) < 0.4
        speed = torch.where(alter, speed.clamp(0.75, 1.33), 1.0)
        at = torch.arange(SAMPLES, device=device) * speed
        low = at.floor()
        part, low = at - low, (start + low.long()) % LOOP
        loops = self.loops[which].float()
        return loops.gather(1, low) * (1 - part) + loops.gather(1, (low + 1) % LOOP) * part


def make_loop(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Repeat or cut `wave` to 5 s of unit peak whose end goes over into its beginning."""
    fade = min(FADE, len(wave) // 3)
    rise = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
    fall = rise[::-1]
    period = len(wave) - fade
    ring = wave[:period].copy()
    ring[:fade] = ring[:fade] * rise + wave[period:] * fall
    out = np.resize(ring, LOOP)
    if period < LOOP and LOOP % period:
        # The last repetition is cut short; fade its end over into the start.
        tail = np.resize(np.roll(ring, -(LOOP % period)), fade)
        out[:fade] = out[:fade] * rise + tail * fall
    elif period > LOOP:
        out[:fade] = wave[:fade] * rise + wave[LOOP : LOOP + fade] * fall
    return out / np.float32(np.abs(out).max() + 1e-9)


@dataclass(frozen=True)
class Motions:
    """Recordings in a row: `imu` (T, 6), `head` and `body` (T,) yaw in rad; starts of stretches."""

    imu: Tensor
    head: Tensor
    body: Tensor
    moving: Tensor
    still: Tensor

    @classmethod
    def of(cls, recordings: Sequence[tuple[NDArray[np.float32], bool]], device: str) -> Motions:
        """Return motion of recordings (n, 6) at 50 Hz, each with whether its wearer moved."""
        from scipy import ndimage

        from models.simulation.life.heading import yaw_rate

        imu, head, body = [], [], []
        starts: tuple[list[int], list[int]] = ([], [])
        first = 0
        for values, is_moving in recordings:
            yaw = np.cumsum(yaw_rate(values)) / RATE
            imu.append(values)
            head.append(yaw)
            body.append(ndimage.gaussian_filter1d(yaw, 4.0 * RATE, mode="nearest"))
            last = len(values) - (CLIP_S * RATE + 1)
            starts[not is_moving].extend(range(first, first + last, 5))
            first += len(values)

        def joined(parts: list[NDArray[Any]]) -> Tensor:
            return torch.from_numpy(np.concatenate(parts).astype(np.float32)).to(device)

        return cls(
            joined(imu),
            joined(head),
            joined(body),
            torch.tensor(starts[0], device=device),
            torch.tensor(starts[1] or starts[0], device=device),
        )

    def draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return `imu` (B, 151, 6) and the yaw (B, 151) of head and body."""
        device = self.imu.device
        move = torch.rand(count, generator=rng, device=device) < MOVING_SHARE
        a = self.moving[torch.randint(len(self.moving), (count,), generator=rng, device=device)]
        b = self.still[torch.randint(len(self.still), (count,), generator=rng, device=device)]
        start = torch.where(move, a, b)
        rows = start[:, None] + torch.arange(CLIP_S * RATE + 1, device=device)
        turn = 2 * torch.pi * torch.rand((count, 1), generator=rng, device=device)
        origin = self.head[start][:, None] - turn
        return self.imu[rows], self.head[rows] - origin, self.body[rows] - origin


class RenderedSeconds(NamedTuple):
    """N seconds on the device.

    `maps` (N, 3, 50, 64) float16, `imu` (N, 50, 6), `regions` and `hard` (N, 8), soft about the
    border and not; `heat` (N, 2, 72); `sources` (N,) how many are heard; `nearness` (N,) of the
    only source, where there is one; `azimuth` (N,) of it; `kind` (N,) of room.
    """

    maps: Tensor
    imu: Tensor
    regions: Tensor
    hard: Tensor
    heat: Tensor
    sources: Tensor
    nearness: Tensor
    azimuth: Tensor
    kind: Tensor

    @classmethod
    def concatenate(cls, parts: Sequence[RenderedSeconds]) -> RenderedSeconds:
        """Return several draws as one."""
        return cls(*(torch.cat(column) for column in zip(*parts, strict=True)))


class Sources(NamedTuple):
    """N sources of clips, each source a row.

    `clip` (N,) and `slot` (N,) say which source of which clip it is, of at most `slots`; `near`
    (N,) whether it turns with the wearer, `distance` (N,) in m, `azimuth` (N,) in rad from the
    head's first direction, `start` and `stop` (N,) in s, `level_db` (N,) of full scale.
    """

    slots: int
    clip: Tensor
    slot: Tensor
    near: Tensor
    distance: Tensor
    azimuth: Tensor
    start: Tensor
    stop: Tensor
    level_db: Tensor

    @classmethod
    def draw(cls, placing: Placements, clips: int, rng: torch.Generator) -> Sources:
        """Draw the sources of clips."""
        device = rng.device
        shares = torch.tensor(placing.counts, device=device)
        counts = torch.multinomial(shares, clips, replacement=True, generator=rng)
        slots = len(placing.counts) - 1
        clip = (torch.arange(slots, device=device) < counts[:, None]).nonzero()[:, 0]
        first_of = torch.cumsum(counts, 0) - counts
        slot = torch.arange(len(clip), device=device) - first_of[clip]
        count = len(clip)

        def uniform() -> Tensor:
            return torch.rand(count, generator=rng, device=device)

        near = uniform() < 0.5
        low, middle, high = (float(np.log(v)) for v in placing.whole_m)
        u = uniform()
        even = torch.where(near, low + (middle - low) * u, middle + (high - middle) * u).exp()
        (a, b), (c, d) = placing.clear_m
        clear = torch.where(near, a + (b - a) * u, c + (d - c) * u)
        distance = torch.where(uniform() < placing.border, even, clear)
        azimuth = (2 * uniform() - 1) * torch.pi
        begins = uniform() < 0.25
        start = torch.where(begins, uniform() * (CLIP_S - 1), 0.0)
        ends = uniform() < 0.25
        stop = torch.where(ends, start + 1 + uniform() * (CLIP_S - 1 - start), float(CLIP_S))
        level_db = (-27 + 4 * torch.randn(count, generator=rng, device=device)).clamp(-38, -18)
        return cls(slots, clip, slot, near, distance, azimuth, start, stop, level_db)

    def at_levels(self, waves: Tensor) -> tuple[Tensor, Tensor]:
        """Return `waves` (N, 2, 48000) at their levels, (N, 2, 32000), and what is heard (N, 2)."""
        waves = waves[: len(self.clip)]
        gain = 10 ** (self.level_db / 20)
        gain = gain / loudness(waves, self.stop - self.start).clamp(min=1e-9)
        waves = waves * gain[:, None, None]
        kept = waves[..., BEFORE_S * FS :]
        power = kept.square().reshape(len(waves), 2, KEPT_S, FS).mean(dim=(1, 3))
        is_audible = 10 * torch.log10(power.clamp(min=1e-12)) > self.level_db[:, None] + AUDIBLE_DB
        return kept, is_audible


class _Labels(NamedTuple):
    """Of each second and slot (S, slots): whether a source is heard there, its direction, rad, and
    how near it is, softly about the border (`close`) and not (`hard`).
    """

    there: Tensor
    towards: Tensor
    close: Tensor
    hard: Tensor

    @classmethod
    def of(
        cls, sources: Sources, clips: int, relative: Tensor, real: Tensor, is_audible: Tensor
    ) -> _Labels:
        """Return the labels of sources in directions `relative` (N, 151), at `real` (N,) m."""
        count, device = len(sources.clip), real.device
        seconds = relative[:, BEFORE_S * RATE : CLIP_S * RATE].reshape(count, KEPT_S, RATE)
        mean = torch.atan2(seconds.sin().mean(2), seconds.cos().mean(2))  # (N, 2)
        low, high = (float(np.log(v)) for v in SOFT_BORDER_M)
        nearness = ((high - real.log()) / (high - low)).clamp(0, 1)

        def placed(values: Tensor) -> Tensor:
            each = torch.zeros(clips, KEPT_S, sources.slots, dtype=values.dtype, device=device)
            each[sources.clip, :, sources.slot] = values
            return each.flatten(0, 1)

        return cls(
            placed(is_audible),
            placed(mean),
            placed(nearness[:, None].expand(-1, KEPT_S)),
            placed((real < NEAR_BORDER_M).float()[:, None].expand(-1, KEPT_S)),
        )

    def of_first(self, values: Tensor) -> Tensor:
        """Return `values` (S, slots) of each second's first source that is heard: (S,)."""
        return values.gather(1, self.there.float().argmax(1, keepdim=True))[:, 0]


@dataclass(frozen=True)
class World:
    """What seconds are drawn from."""

    ears: EarTables
    sounds: Sounds
    motions: Motions
    features: BatchedFeatures
    radii: int = len(RADII_M)
    ear_share: Tensor | None = None

    @torch.no_grad()
    def draw(self, placing: Placements, clips: int, rng: torch.Generator) -> RenderedSeconds:
        """Draw and render clips; each gives two seconds."""
        device = rng.device
        rooms = Rooms.draw(placing.rooms, clips, rng)
        imu, head, body = self.motions.draw(clips, rng)
        still = torch.rand((clips, 1), generator=rng, device=device) < placing.still
        head = torch.where(still, head[:, :1], head)
        body = torch.where(still, head[:, :1], body)
        share = self.ear_share
        if share is None:
            share = torch.ones(len(self.ears.ear), device=device)
        ears = torch.multinomial(share, clips, replacement=True, generator=rng)
        sources = Sources.draw(placing, clips, rng)
        jitter = torch.randint(-2, 3, (clips,), generator=rng, device=device)
        radius = (self.ears.radius[ears] + jitter).clamp(0, self.radii - 1)

        room = rooms.of(sources.clip)
        # A near source turns with the body, a far one stands in the room.
        begin_row = (sources.start * RATE).long()[:, None]
        turned = body[sources.clip].gather(1, begin_row)[:, 0]
        world = sources.azimuth + torch.where(sources.near, turned, 0.0)
        reach = room.inside(world, sources.distance)
        car = room.kind == KIND_NAMES.index("car")
        real = torch.where(car, sources.distance, reach)
        towards = torch.where(sources.near[:, None], body[sources.clip], 0.0) - head[sources.clip]
        relative = sources.azimuth[:, None] + towards  # (N, 151)

        dry = self.sounds.draw(len(sources.clip), rng) * envelope(sources.start, sources.stop)
        late = rooms.late(self.ears.apart[ears], rng)
        waves = [
            self._render_at_ears(
                dry[rows],
                room.of(rows),
                late[sources.clip[rows]],
                world[rows],
                reach[rows],
                real[rows],
                relative[rows],
                head[sources.clip[rows]],
                ears[sources.clip[rows]],
                radius[sources.clip[rows]],
            )
            for rows in _equal_batches(len(sources.clip), device)
        ]
        kept, is_audible = sources.at_levels(torch.cat([dry.new_zeros((0, 2, SAMPLES)), *waves]))
        maps = self._maps(kept, sources.clip, clips, rng)
        labels = _Labels.of(sources, clips, relative, real, is_audible)
        return RenderedSeconds(
            maps.nan_to_num(),
            _at_rest(imu, still, rng),
            regions_of(labels.there, labels.towards, labels.close),
            regions_of(labels.there, labels.towards, labels.hard),
            heat_of(labels.there, labels.towards, labels.close),
            labels.there.sum(1),
            labels.of_first(labels.close),
            labels.of_first(labels.towards),
            rooms.kind.repeat_interleave(KEPT_S),
        )

    def _maps(self, kept: Tensor, clip: Tensor, clips: int, rng: torch.Generator) -> Tensor:
        """Mix sources `kept` (N, 2, 32000) of clips with noise, and return maps of each second."""
        total = torch.randn((clips, 2, KEPT_S * FS), generator=rng, device=rng.device)
        floor = torch.rand((clips, 1, 1), generator=rng, device=rng.device)
        total = total * (10 ** ((-72 + 16 * floor) / 20))
        total.index_add_(0, clip, kept)
        total = (total.clamp(-1, 1) * 32_767).round() / 32_768
        seconds = total.reshape(clips, 2, KEPT_S, FS).transpose(1, 2).reshape(-1, 2, FS)
        return torch.cat([self.features(part) for part in torch.split(seconds, 512)])

    def _render_at_ears(
        self,
        dry: Tensor,
        room: Rooms,
        late: Tensor,
        world: Tensor,
        reach: Tensor,
        real: Tensor,
        relative: Tensor,
        head: Tensor,
        ears: Tensor,
        radius: Tensor,
    ) -> Tensor:
        """Return what two ears hear of sources (N, 48000): (N, 2, 48000)."""
        device = dry.device
        place, gain, order = room.images(world, reach)
        delay = (place.norm(dim=2) - real[:, None]) / SPEED_OF_SOUND
        early = (order[None] == 1) & (delay < ECHO_WINDOW_S)
        half = self.ears.apart[ears] / 2
        points = torch.zeros(len(dry), 2, 3, device=device)
        points[:, 0, 1], points[:, 1, 1] = half, -half
        rest = torch.where(early[..., None], 0.0, gain)
        response = echoes_at(place, rest, real, points) + late * real[:, None, None]
        response = torch.nn.functional.pad(response, (AHEAD, 0))
        total = convolve(dry, response)

        walls = (order == 1).nonzero()[:, 0]
        first_gain = torch.where(early[..., None], gain, 0.0)[:, walls]
        toward, path = place[:, walls], place[:, walls].norm(dim=2)
        at = ((path - real[:, None]) / SPEED_OF_SOUND * FS).round().clamp(min=0)
        size = 65_536
        f = torch.fft.rfftfreq(size, 1 / FS, device=device)
        filters = first_gain @ band_weights(f)  # (N, 6, F)
        level = real[:, None] / path.clamp(min=1e-3)
        turn = -2 * torch.pi * (at[..., None] * (torch.arange(len(f), device=device) / size))
        # Whole turns say nothing, and large phases would lose digits.
        spectrum = torch.fft.rfft(dry, size)[:, None] * torch.polar(
            filters * level[..., None], turn % (2 * torch.pi)
        )
        echoes = torch.fft.irfft(spectrum, size)[..., :SAMPLES]

        grid = torch.arange(STEPS, device=device) * (HOP / FS * RATE)
        below = grid.floor().long().clamp(max=CLIP_S * RATE - 1)
        part = grid - below

        def every_hop(yaw: Tensor) -> Tensor:
            return yaw[:, below] * (1 - part) + yaw[:, below + 1] * part

        degrees = torch.rad2deg(every_hop(relative)).round().long() % DEGREES
        arrivals = [self.ears.responses(ears, degrees, real, radius)]
        yaw = every_hop(head)
        for wall in range(len(walls)):
            angle = torch.atan2(toward[:, wall, 1], toward[:, wall, 0])[:, None] - yaw
            degrees = torch.rad2deg(angle).round().long() % DEGREES
            arrivals.append(self.ears.far[ears[:, None], degrees].movedim(2, 1))
        return total + through_ears(torch.cat([dry[:, None], echoes], dim=1), arrivals)


def _equal_batches(count: int, device: torch.device) -> list[Tensor]:
    """Return the rows of `count` in batches of one size, so that transforms are planned once.

    The last batch begins again with the first rows.
    """
    size = min(AT_ONCE, -(-count // 16) * 16)
    rows = torch.nn.functional.pad(torch.arange(count, device=device), (0, -count % max(size, 1)))
    return list(torch.split(rows, max(size, 1))) if count else []


def _at_rest(imu: Tensor, still: Tensor, rng: torch.Generator) -> Tensor:
    """Return the motion (2·B, 50, 6) of the kept seconds, that of `still` (B, 1) clips at rest."""
    imu = imu[:, BEFORE_S * RATE : CLIP_S * RATE]
    at_rest = torch.cat([imu[..., :3].mean(1, keepdim=True), 0 * imu[:, :1, 3:]], dim=2)
    at_rest = at_rest + 0.02 * torch.randn(imu.shape, generator=rng, device=rng.device)
    return torch.where(still[..., None], at_rest, imu).reshape(-1, RATE, 6)


def envelope(start: Tensor, stop: Tensor) -> Tensor:
    """Return (N, 48000) that lets sounds begin and end softly, as the mixer does."""
    t = torch.arange(SAMPLES, device=start.device) / FS
    fade = 0.1
    rise = ((t - start[:, None]) / fade).clamp(0, 1)
    fall = ((stop[:, None] - t) / fade).clamp(0, 1)
    return torch.sin(0.5 * torch.pi * rise) * torch.sin(0.5 * torch.pi * fall)


def loudness(waves: Tensor, lasts_s: Tensor) -> Tensor:
    """Return the level (N,) of the loudest third of the 20 ms frames while a sound lasts."""
    count = len(waves)
    frames = waves.reshape(count, 2, waves.shape[2] // 320, 320).square().mean(dim=(1, 3))
    ordered = frames.sort(dim=1, descending=True).values.cumsum(1)
    third = (lasts_s * 50 / 3).long().clamp(1, frames.shape[1])
    return (ordered.gather(1, third[:, None] - 1)[:, 0] / third).sqrt()


__all__ = ["NFFT", "BatchedFeatures", "Motions", "Placements", "RenderedSeconds", "Sounds", "World"]
