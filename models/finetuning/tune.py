"""Fine-tuning the scenario network on its wearers' labelled windows (EgoLog §4.4.2).

The head is tuned first, then the layers below. To prevent forgetting, windows of the original
training take part, with targets half from their labels and half from the parent's predictions. The
queue's labels are weighted by their estimated reliability and by agreement with their neighbours.

The result is interpolated between the parent and the tuned network: a few hundred windows pull a
network too far, and forgetting comes with the last steps rather than the first (Wortsman et al.,
Robust fine-tuning of zero-shot models, 2022).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from models.finetuning import head, sequence
from models.finetuning.examples import Examples
from models.finetuning.noisy_labels import Trust, word_of_wearers
from models.finetuning.temporal_smoothing import Timeline, in_hindsight
from schemas.correction import WEARER

if TYPE_CHECKING:
    from models.egolog.scenario import ScenarioNet

Array = NDArray[np.float32]


@dataclass(frozen=True)
class TuneSettings:
    """Hyperparameters.

    `near` is the penalty on the head's distance from its parent's; `original` the weight of the
    whole coreset relative to the whole queue; `distilled` the share of the parent's predictions in
    the coreset's targets; `balance` the exponent of class balancing, 1 weighs all scenarios
    equally. `sequence_steps` train the whole network afterwards, at `sequence_rate`; 0 skips that.
    `strides` are interpolation weights from the parent, of which the first that passes the gate is
    used. A window labelled by its wearer counts as `wearer` others.
    """

    seed: int = 0
    near: float = 5.0
    original: float = 2.0
    distilled: float = 0.6
    balance: float = 0.5
    sequence_steps: int = 400
    sequence_rate: float = 1e-4
    wearer: float = 3.0
    strides: tuple[float, ...] = (0.8, 0.65, 0.5, 0.4, 0.3, 0.2)


def tune(
    parent: ScenarioNet,
    queue: Examples,
    coreset: Examples,
    settings: TuneSettings = TuneSettings(),
    when: Timeline | None = None,
    labellers: NDArray[np.str_] | None = None,
) -> ScenarioNet:
    """Return a copy of `parent` tuned on `queue`, in inference mode; `parent` is unchanged.

    when: sessions and times of the windows; without it they are independent. labellers: who
    labelled each of the N windows (default: one labels all), each trusted as far as its own labels
    agree with the parent. Those of `WEARER` are taken as true and support their neighbours.

    The same input and seed give the same weights on the same machine. An empty queue gives a copy.
    """
    network = copy.deepcopy(parent).eval().requires_grad_(False)
    if not len(queue) or not len(coreset):
        return network
    met, known = (head.points(network, each.rows) for each in (queue, coreset))
    prior, own = (head.probabilities(network, points) for points in (met, known))
    if labellers is None:
        labellers = np.full(len(queue), "")
    trusted = Trust.of_labellers(prior, queue.labels, labellers).belief(prior, queue.labels)
    named = labellers == WEARER
    trusted[named] = word_of_wearers(queue.labels[named])
    wanted = in_hindsight(trusted, Timeline.apart(len(queue)) if when is None else when)
    wanted[named] = trusted[named]
    kept = settings.distilled * own + (1 - settings.distilled) * coreset.labels
    queue_weights = rarity(wanted, settings.balance)
    queue_weights[named] *= np.float32(settings.wearer)
    heavy = settings.original * len(queue) / len(coreset)
    kept_weights = rarity(kept, settings.balance) * np.float32(heavy)
    head.fit(
        network,
        head.WeightedWindows(met, torch.from_numpy(wanted), torch.from_numpy(queue_weights)),
        head.WeightedWindows(known, torch.from_numpy(kept), torch.from_numpy(kept_weights)),
        settings.near,
    )
    if settings.sequence_steps:
        sequence.train(
            network,
            sequence.WeightedExamples(Examples(queue.rows, wanted), queue_weights),
            sequence.WeightedExamples(Examples(coreset.rows, kept), kept_weights),
            settings.sequence_steps,
            settings.sequence_rate,
            settings.seed,
        )
    return network


def between(parent: ScenarioNet, tuned: ScenarioNet, share: float) -> ScenarioNet:
    """Return the network interpolated between `parent` (share 0) and `tuned` (share 1)."""
    network = copy.deepcopy(parent).eval().requires_grad_(False)
    begun, ended = parent.state_dict(), tuned.state_dict()
    network.load_state_dict(
        {name: torch.lerp(value, ended[name], share) for name, value in begun.items()}
    )
    return network


def rarity(labels: Array, balance: float) -> Array:
    """Return weights (N,) of mean 1 that are larger for rarer scenarios in `labels` (N, 16)."""
    frequency = labels.mean(axis=0) + 1 / (16 * len(labels))  # (16,)
    rare = (labels * frequency**-balance).sum(axis=1) / np.maximum(labels.sum(axis=1), 1e-6)
    weights: Array = (rare / max(float(rare.mean()), 1e-6)).astype(np.float32)
    return weights
