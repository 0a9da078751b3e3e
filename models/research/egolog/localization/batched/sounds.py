"""The sounds of rendered clips: loops on the device, of recordings and of synthesised sounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.research.egolog.localization.batched.clip import SAMPLES
from models.simulation.acoustics.sounds.dsp import FS

if TYPE_CHECKING:
    from numpy.typing import NDArray


LOOP = 5 * FS
FADE = 1_600


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
