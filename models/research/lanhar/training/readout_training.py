"""Training a readout of labels in pockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, Tensor

from models.lanhar.readout_weights import ReadoutWeights
from models.research.lanhar.training.losses import any_right
from models.research.lanhar.training.one_cycle import train_one_cycle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.lanhar.position_readout import ReadoutConfig
    from models.research.lanhar.training.pocket_windows import Array, PocketWindows

SHARES = (0.9, 0.1)
"""How often each data set's windows are drawn: the second is a fiftieth of the first."""
# Added to a measure's spread, so that one that never changes is not divided by zero.
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class ReadoutSettings:
    """Lengths, weights and noise.

    `rarer` is as for `models.research.lanhar.training.last_layers`, `hide_upright` the share of
    windows whose wearer's upright is unknown, `jitter` the noise on measures in spreads, and
    `drop` the share of hidden units left out.
    """

    hidden: int = 64
    steps: int = 400
    rate: float = 2e-3
    decay: float = 0.05
    batch: int = 256
    rarer: float = 1.0
    hide_upright: float = 0.5
    jitter: float = 0.3
    drop: float = 0.3


def train_readout(
    parts: Sequence[tuple[PocketWindows, float]],
    config: ReadoutConfig,
    names: Sequence[str],
    seed: int,
    settings: ReadoutSettings = ReadoutSettings(),
) -> ReadoutWeights:
    """Return a readout trained on windows, each with the share of a batch that it is drawn for.

    `names` (K,) are those of the logits. Of several right labels any is right. Windows without a
    right label among `config.names` are left out.
    """
    places = [names.index(name) for name in config.names]
    kept = [
        (part.of(np.asarray(part.right[:, places].any(axis=1))), share) for part, share in parts
    ]
    chance = torch.from_numpy(
        np.concatenate([_chances(part.right[:, places], share, settings) for part, share in kept])
    )
    known, plain, right, values = (
        torch.from_numpy(np.concatenate(column))
        for column in (
            [part.logits[:, places].astype(np.float32) for part, _ in kept],
            [part.plain[:, places].astype(np.float32) for part, _ in kept],
            [part.right[:, places] for part, _ in kept],
            [part.measures for part, _ in kept],
        )
    )
    rng = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    module = ReadoutWeights(config)
    module.centre.copy_(values.mean(dim=0))
    module.spread.copy_(values.std(dim=0) + _LEAST_SPREAD)
    values = module.standardised(values)

    def loss_of(_step: int) -> Tensor:
        drawn = torch.multinomial(chance, settings.batch, True, generator=rng)
        jitter = torch.randn((settings.batch, values.shape[1]), generator=rng) * settings.jitter
        hide = torch.rand((settings.batch, 1), generator=rng) < settings.hide_upright
        logits = torch.where(hide, plain[drawn], known[drawn])
        logits = logits + module(values[drawn] + jitter, settings.drop)
        return any_right(logits, right[drawn])

    train_one_cycle(
        module.parameters(), loss_of, settings.steps, settings.rate, decay=settings.decay
    )
    return module.eval()


def _chances(right: NDArray[np.bool_], share: float, settings: ReadoutSettings) -> Array:
    """Return how often windows are drawn (N,), which sum to `share`."""
    first = right.argmax(axis=1)
    chance = np.bincount(first, minlength=right.shape[1]).astype(float)[first] ** -settings.rarer
    chances: Array = share * chance / chance.sum()
    return chances
