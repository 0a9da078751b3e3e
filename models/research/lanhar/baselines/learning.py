"""Training of the baseline networks: fixed lengths, balanced classes, no labels of the target.

LIMU-BERT and UniHAR are pretrained on unlabelled readings of both data sets; UDAHAR uses those of
the target during training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from models.research.lanhar.baselines.across_domains import (
    DomainJudge,
    margin_loss,
    mixed,
    semantic_ranges,
)
from models.research.lanhar.baselines.networks import Dcnn, PatchClassifier, Patches
from models.research.lanhar.training.augment import Augmentation, augment
from models.research.lanhar.training.one_cycle import train_one_cycle
from models.research.lanhar.training.sensor import even

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

# Rotation, pace, gain and noise: UniHAR's physical augmentation as far as 20 Hz windows allow.
UNIHAR = Augmentation(rotate=True)
_MASKED = 0.3
# SDMix: share of the steps after which class ranges are computed, and the weight of the margin.
_WARM_UP = 0.2
_MARGIN_WEIGHT = 0.1
_AT_ONCE = 512

Classifier = Dcnn | PatchClassifier


@dataclass(frozen=True)
class BaselineSettings:
    """Lengths of training; the networks are as large as LanHAR's and see as many windows."""

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


def dcnn(task: Task) -> Classifier:
    """Train convolutions."""
    torch.manual_seed(task.seed)
    return _supervised(Dcnn(task.classes), task, None)


def transformer(task: Task) -> Classifier:
    """Train a transformer without pretraining."""
    torch.manual_seed(task.seed)
    return _supervised(PatchClassifier(Patches(), task.classes), task, None)


def limu_bert(task: Task) -> Classifier:
    """Train a transformer pretrained on masked patches (LIMU-BERT)."""
    torch.manual_seed(task.seed)
    patches = _pretrained(task, None)
    return _supervised(PatchClassifier(patches, task.classes), task, None)


def unihar(task: Task) -> Classifier:
    """Train the same with physical augmentation throughout (UniHAR)."""
    torch.manual_seed(task.seed)
    patches = _pretrained(task, UNIHAR)
    return _supervised(PatchClassifier(patches, task.classes), task, UNIHAR)


def sdmix(task: Task) -> Classifier:
    """Train convolutions on mixed windows of the source, with a margin between classes (SDMix).

    The classes' ranges are those of the features after the first fifth of the steps, which are
    without mixing.
    """
    torch.manual_seed(task.seed)
    network = Dcnn(task.classes)
    rng = Generator().manual_seed(task.seed)
    chances = even(task.label)
    warm = round(_WARM_UP * task.settings.steps)
    ranges = torch.ones(task.classes)

    def loss_of(step: int) -> Tensor:
        nonlocal ranges
        if step == warm:
            features = torch.from_numpy(featured(network.eval(), task.source))
            ranges = semantic_ranges(features, task.label, task.classes)
            network.train()
        chosen = torch.multinomial(chances, task.settings.batch, True, generator=rng)
        imu, label = task.source[chosen], task.label[chosen]
        if step < warm:
            return cross_entropy(network(imu), label, label_smoothing=0.05)
        imu, shares = mixed(imu, label, ranges, rng)
        logits = network(imu)
        return cross_entropy(logits, shares) + _MARGIN_WEIGHT * margin_loss(logits, shares)

    _trained(network, loss_of, task.settings.steps, task.settings.rate)
    return network


def udahar(task: Task) -> Classifier:
    """Train convolutions whose features do not distinguish the data sets (UDAHAR, confusion)."""
    torch.manual_seed(task.seed)
    network = Dcnn(task.classes)
    judge = DomainJudge(cast("int", network.layers[-1].in_features))
    rng = Generator().manual_seed(task.seed)
    chances, count = even(task.label), task.settings.batch
    domain = torch.cat([torch.zeros(count), torch.ones(count)])

    def loss_of(step: int) -> Tensor:
        chosen = torch.multinomial(chances, count, True, generator=rng)
        adapted = torch.randint(len(task.target), (count,), generator=rng)
        features = network.features(torch.cat([task.source[chosen], task.target[adapted]]))
        # Weak at first, while features are still random (Ganin and Lempitsky's schedule).
        strength = 2 / (1 + math.exp(-10 * step / task.settings.steps)) - 1
        return cross_entropy(
            network.layers[-1](features[:count]), task.label[chosen], label_smoothing=0.05
        ) + binary_cross_entropy_with_logits(judge(features, strength), domain)

    both = nn.ModuleList([network, judge])
    _trained(both, loss_of, task.settings.steps, task.settings.rate)
    return network


def self_supervised(task: Task) -> tuple[Tensor, Tensor]:
    """Return (N, 64) and (M, 64) of source and target by masked pretraining alone (Table 1)."""
    torch.manual_seed(task.seed)
    patches = _pretrained(task, None).eval()
    with torch.no_grad():
        first, second = (
            torch.cat(
                [patches(patches.cut(part)).mean(dim=1) for part in torch.split(data, _AT_ONCE)]
            )
            for data in (task.source, task.target)
        )
    return first, second


TRAINED: dict[str, Callable[[Task], Classifier]] = {
    "dcnn": dcnn,
    "transformer": transformer,
    "limu_bert": limu_bert,
    "unihar": unihar,
    "sdmix": sdmix,
    "udahar": udahar,
}
"""Baselines to what trains them."""


def _labelling(train: Callable[[Task], Classifier]) -> Callable[[Task], NDArray[np.int64]]:
    return lambda task: labelled(train(task), task.target)


NETWORKS: dict[str, Callable[[Task], NDArray[np.int64]]] = {
    name: _labelling(train) for name, train in TRAINED.items()
}
"""Baselines to what returns a target's labels (M,)."""


@torch.no_grad()
def labelled(network: Classifier, imu: Tensor) -> NDArray[np.int64]:
    """Return class numbers (N,) of windows (N, 120, 6)."""
    predicted: NDArray[np.int64] = torch.cat(
        [network(part).argmax(dim=1) for part in torch.split(imu, _AT_ONCE)]
    ).numpy()
    return predicted


@torch.no_grad()
def featured(network: Classifier, imu: Tensor) -> NDArray[np.float32]:
    """Return the inputs of the last layer (N, F) for windows (N, 120, 6)."""
    probabilities: NDArray[np.float32] = torch.cat(
        [network.features(part) for part in torch.split(imu, _AT_ONCE)]
    ).numpy()
    return probabilities


def _supervised(network: Classifier, task: Task, how: Augmentation | None) -> Classifier:
    rng = Generator().manual_seed(task.seed)
    chances = even(task.label)

    def loss_of(_: int) -> Tensor:
        chosen = torch.multinomial(chances, task.settings.batch, True, generator=rng)
        imu = task.source[chosen]
        imu = imu if how is None else augment(imu, how, rng)
        return cross_entropy(network(imu), task.label[chosen], label_smoothing=0.05)

    _trained(network, loss_of, task.settings.steps, task.settings.rate)
    return network


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


def _trained(network: nn.Module, loss_of: Callable[[int], Tensor], steps: int, rate: float) -> None:
    network.train()
    train_one_cycle(network.parameters(), loss_of, steps, rate)
    network.eval()
