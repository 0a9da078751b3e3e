"""Training the posture branch on the source, and separating still classes in the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from models.research.lanhar.training.one_cycle import train_one_cycle
from models.research.lanhar.training.sensor import SensorSettings, even

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.lanhar.sensor_encoder import SensorEncoder
    from models.research.lanhar.training.posture_features import Postures


def train_posture(
    encoder: SensorEncoder,
    values: Tensor,
    label: Tensor,
    labels: Tensor,
    seed: int,
    settings: SensorSettings,
) -> None:
    """Train on the source's still readings: values (N, 3), label (N,), label vectors (K, 128)."""
    rng = Generator().manual_seed(seed + 2)
    chances = even(label)

    def loss_of(_step: int) -> Tensor:
        chosen = torch.multinomial(chances, settings.batch, True, generator=rng)
        noise = torch.randn((len(chosen), values.shape[1]), generator=rng) * settings.jitter
        return cross_entropy(
            encoder.by_posture(values[chosen] + noise) @ labels.T / settings.temperature,
            label[chosen],
            label_smoothing=settings.smoothing,
        )

    train_one_cycle(
        encoder.posture.parameters(), loss_of, settings.posture_steps, settings.posture_rate
    )


@torch.no_grad()
def split(
    encoder: SensorEncoder,
    postures: Postures,
    shares: Tensor,
    labels: Tensor,
    resting: Sequence[int],
    settings: SensorSettings,
) -> Tensor:
    """Return shares (N, K) whose part in the `resting` classes is divided by the posture branch."""
    places = list(resting)
    part = shares[:, places].sum(dim=1, keepdim=True)
    still = part[:, 0] > 0.5
    vectors = postures.smoothed(encoder.by_posture(postures.relative(still)), still)
    divided = shares.clone()
    divided[:, places] = part * (vectors @ labels[places].T / settings.temperature).softmax(dim=1)
    return divided
