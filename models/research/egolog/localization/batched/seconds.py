"""Seconds around moving heads, drawn and rendered many at a time (one: `localization.seconds`).

Clips of 3 s, of which the last two seconds are kept, as maps, motion and soft regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from models.research.egolog.localization.batched.clip import (
    BEFORE_S,
    CLIP_S,
    KEPT_S,
    SAMPLES,
    STEPS,
)
from models.research.egolog.localization.batched.ears import (
    AHEAD,
    DEGREES,
    RADII_M,
    EarTables,
    through_ears,
)
from models.research.egolog.localization.batched.labels import SourceLabels, heat_of, regions_of
from models.research.egolog.localization.batched.rooms import (
    KIND_NAMES,
    Rooms,
    band_weights,
    convolve,
    echoes_at,
)
from models.research.egolog.localization.batched.sources import Placements, Sources, envelope
from models.simulation.acoustics.ears import ECHO_WINDOW_S, HOP
from models.simulation.acoustics.rooms import SPEED_OF_SOUND
from models.simulation.acoustics.sounds.dsp import FS
from models.simulation.life.motion import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.egolog.localization.batched.features import BatchedFeatures
    from models.research.egolog.localization.batched.motions import Motions
    from models.research.egolog.localization.batched.sounds import Sounds


AT_ONCE = 128  # sources that are rendered together
# Clips drawn together. On a CPU one takes 25 ms of 16, and 90 ms of 64, which do not fit its cache.
_CLIPS_ON_CPU, _CLIPS_ELSEWHERE = 16, 128


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
        labels = SourceLabels.of(sources, clips, relative, real, is_audible)
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

    def draw_many(self, placing: Placements, clips: int, rng: torch.Generator) -> RenderedSeconds:
        """Draw clips as `draw` does, as many at a time as suit the device."""
        many = _CLIPS_ON_CPU if rng.device.type == "cpu" else _CLIPS_ELSEWHERE
        counts = [min(many, clips - first) for first in range(0, clips, many)]
        return RenderedSeconds.concatenate([self.draw(placing, count, rng) for count in counts])

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
