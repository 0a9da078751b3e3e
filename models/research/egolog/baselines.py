"""The paper's baselines (EgoLog §5.1.4) on the same encoders, days and selection rule as ours.

Audio only, IMU only, late fusion (the mean of both logits) and a SAMoSA-style network (one
perceptron on both features concatenated). For scenarios the features of 30 s are averaged first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.labels import ACTIVITIES, SCENARIOS
from models.research.egolog.har import of_days
from models.research.egolog.scenario import MIN_SHARE, WINDOW_S
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import accuracy, micro_f1

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.research.egolog.days.encoded import EncodedDays

BATCH = 256
HIDDEN = 256
STEPS = 1_500
NOISE = 0.1


class Unimodal(nn.Module):
    """A perceptron on one modality's features."""

    def __init__(self, modality: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.modality = modality
        self.layers = _perceptron(inputs, outputs)

    def forward(self, audio: Tensor, imu: Tensor) -> Tensor:
        """(B, 256) and (B, 128) -> logits (B, L)."""
        logits: Tensor = self.layers((audio, imu)[self.modality])
        return logits


class LateFusion(nn.Module):
    """Two perceptrons whose logits are averaged."""

    def __init__(self, audio: int, imu: int, outputs: int) -> None:
        super().__init__()
        self.audio, self.imu = _perceptron(audio, outputs), _perceptron(imu, outputs)

    def forward(self, audio: Tensor, imu: Tensor) -> Tensor:
        """(B, 256) and (B, 128) -> logits (B, L)."""
        logits: Tensor = (self.audio(audio) + self.imu(imu)) / 2
        return logits


class SideBySide(nn.Module):
    """One perceptron on both features, as SAMoSA fuses them."""

    def __init__(self, audio: int, imu: int, outputs: int) -> None:
        super().__init__()
        self.layers = _perceptron(audio + imu, outputs)

    def forward(self, audio: Tensor, imu: Tensor) -> Tensor:
        """(B, 256) and (B, 128) -> logits (B, L)."""
        logits: Tensor = self.layers(torch.cat([audio, imu], dim=1))
        return logits


@dataclass(frozen=True)
class Table:
    """Items (N, 256), (N, 128) and their target: index (N,) or multi-hot (N, L)."""

    audio: Tensor
    imu: Tensor
    target: Tensor


def activities(days: EncodedDays) -> Table:
    """Every 5 s window."""
    examples = of_days(days)
    return Table(examples.audio, examples.imu, examples.activity)


def scenarios(days: EncodedDays) -> Table:
    """Every 30 s window, end to end, its segments' features averaged."""
    per = days.seconds // WINDOW_S
    at = torch.arange(per)[:, None] * WINDOW_S + torch.arange(0, WINDOW_S, 2)  # (per, 15)
    share = days.scenarios[:, : per * WINDOW_S].unflatten(1, (per, WINDOW_S)).mean(dim=2)  # type: ignore[no-untyped-call]
    return Table(
        days.audio[:, at].mean(dim=2).flatten(0, 1),
        days.imu[:, at].mean(dim=2).flatten(0, 1),
        (share.flatten(0, 1) >= MIN_SHARE).float(),
    )


def measure(train: Table, check: Table, test: Table, seed: int) -> dict[str, float]:
    """Train each baseline and return its accuracy, or its micro-F1 for multi-label targets."""
    single = train.target.ndim == 1
    outputs = len(ACTIVITIES) if single else len(SCENARIOS)
    sizes = (train.audio.shape[1], train.imu.shape[1])
    makers: dict[str, Callable[[], nn.Module]] = {
        "audio only": lambda: Unimodal(0, sizes[0], outputs),
        "imu only": lambda: Unimodal(1, sizes[1], outputs),
        "late fusion": lambda: LateFusion(*sizes, outputs),
        "samosa style": lambda: SideBySide(*sizes, outputs),
    }
    return {name: _train(name, make, train, check, test, seed) for name, make in makers.items()}


def _train(
    name: str, make: Callable[[], nn.Module], train: Table, check: Table, test: Table, seed: int
) -> float:
    torch.manual_seed(seed)
    network = make()
    single = train.target.ndim == 1
    spread = (float(train.audio.std()), float(train.imu.std()))

    def loss_of(rng: Generator) -> Tensor:
        rows = torch.from_numpy(rng.integers(0, len(train.target), BATCH))
        audio, imu = train.audio[rows], train.imu[rows]
        logits = network(
            audio + torch.randn_like(audio) * spread[0] * NOISE,
            imu + torch.randn_like(imu) * spread[1] * NOISE,
        )
        if single:
            return nn.functional.cross_entropy(logits, train.target[rows], label_smoothing=0.05)
        return nn.functional.binary_cross_entropy_with_logits(logits, train.target[rows])

    fit(name, network, loss_of, lambda: _score(network, check), Fit(2.0, steps=STEPS), seed)
    with torch.inference_mode():
        return _score(network, test)


def _score(network: nn.Module, table: Table) -> float:
    logits = network(table.audio, table.imu)
    target = table.target.numpy()
    if table.target.ndim == 1:
        predicted: NDArray[np.int64] = logits.argmax(dim=1).numpy()
        return accuracy(predicted, target)
    return micro_f1(torch.sigmoid(logits).numpy(), target)


def _perceptron(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(inputs),
        nn.Linear(inputs, HIDDEN),
        nn.GELU(),
        nn.Dropout(0.3),
        nn.Linear(HIDDEN, outputs),
    )
