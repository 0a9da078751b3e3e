"""How every baseline network is trained: fixed lengths, even classes, nothing seen of the target's
labels; LIMU-BERT and UniHAR first learn from unlabelled readings of both data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from models.lanhar.augment import Augmentation, augment
from models.lanhar.baselines.networks import Dcnn, PatchClassifier, Patches
from models.lanhar.training.sensor import even

# Turning, pace, gain and noise: UniHAR's physical augmentation as far as 20 Hz windows allow.
UNIHAR = Augmentation(rotate=True)
_MASKED = 0.3


@dataclass(frozen=True)
class BaselineSettings:
    """Lengths; the networks are as large as LanHAR's and see as many readings."""

    steps: int = 300
    pretraining: int = 300
    batch: int = 64
    rate: float = 1e-3


@dataclass(frozen=True)
class Task:
    """The labelled source and the unlabelled target, (N, 120, 6), (N,) and (M, 120, 6)."""

    source: Tensor
    label: Tensor
    target: Tensor
    classes: int
    seed: int
    settings: BaselineSettings = BaselineSettings()


def dcnn(task: Task) -> NDArray[np.int64]:
    """Return the target's labels by convolutions."""
    torch.manual_seed(task.seed)
    return _labels(_supervised(Dcnn(task.classes), task, None), task)


def transformer(task: Task) -> NDArray[np.int64]:
    """Return the target's labels by a transformer without pretraining."""
    torch.manual_seed(task.seed)
    return _labels(_supervised(PatchClassifier(Patches(), task.classes), task, None), task)


def limu_bert(task: Task) -> NDArray[np.int64]:
    """Return the target's labels by a transformer pretrained on masked patches (LIMU-BERT)."""
    torch.manual_seed(task.seed)
    patches = _pretrained(task, None)
    return _labels(_supervised(PatchClassifier(patches, task.classes), task, None), task)


def unihar(task: Task) -> NDArray[np.int64]:
    """Return the target's labels by the same with physical augmentation throughout (UniHAR)."""
    torch.manual_seed(task.seed)
    patches = _pretrained(task, UNIHAR)
    return _labels(_supervised(PatchClassifier(patches, task.classes), task, UNIHAR), task)


def self_supervised(task: Task) -> tuple[Tensor, Tensor]:
    """Return (N, 64) and (M, 64) of source and target by masked pretraining alone (Table 1)."""
    torch.manual_seed(task.seed)
    patches = _pretrained(task, None).eval()
    with torch.no_grad():
        first, second = (
            torch.cat([patches(patches.cut(part)).mean(dim=1) for part in torch.split(data, 512)])
            for data in (task.source, task.target)
        )
    return first, second


NETWORKS: dict[str, Callable[[Task], NDArray[np.int64]]] = {
    "dcnn": dcnn,
    "transformer": transformer,
    "limu_bert": limu_bert,
    "unihar": unihar,
}


def _supervised(network: nn.Module, task: Task, how: Augmentation | None) -> nn.Module:
    rng = Generator().manual_seed(task.seed)
    chances = even(task.label)

    def loss_of(_: int) -> Tensor:
        chosen = torch.multinomial(chances, task.settings.batch, True, generator=rng)
        imu = task.source[chosen]
        imu = imu if how is None else augment(imu, how, rng)
        return cross_entropy(network(imu), task.label[chosen], label_smoothing=0.05)

    return _trained(network, loss_of, task.settings.steps, task.settings.rate)


def _pretrained(task: Task, how: Augmentation | None) -> Patches:
    patches = Patches()
    decode = nn.Linear(64, 24)
    both = nn.ModuleList([patches, decode])
    rng = Generator().manual_seed(task.seed)
    half = task.settings.batch // 2

    def loss_of(_: int) -> Tensor:
        parts = [
            data[torch.randint(len(data), (half,), generator=rng)]
            for data in (task.source, task.target)
        ]
        imu = torch.cat(parts)
        cut = patches.cut(imu if how is None else augment(imu, how, rng))
        hidden = torch.rand(cut.shape[:2], generator=rng) < _MASKED
        tokens = patches(cut.masked_fill(hidden[..., None], 0.0))
        return mse_loss(decode(tokens)[hidden], cut[hidden])

    _trained(both, loss_of, task.settings.pretraining, task.settings.rate)
    return patches


def _trained(
    network: nn.Module, loss_of: Callable[[int], Tensor], steps: int, rate: float
) -> nn.Module:
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, max(steps, 2))
    network.train()
    for step in range(steps):
        loss = loss_of(step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network.eval()


@torch.no_grad()
def _labels(network: nn.Module, task: Task) -> NDArray[np.int64]:
    found: NDArray[np.int64] = torch.cat(
        [network(part).argmax(dim=1) for part in torch.split(task.target, 512)]
    ).numpy()
    return found
