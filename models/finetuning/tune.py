"""Fine-tunes the scenario network on named windows of its wearers (EgoLog §4.4.2).

The head first, then what is below it. Windows of the original training come along, held half to
their labels and half to what the parent says of them, so that it learns without forgetting; and the
queue's labels count as far as they can be trusted, and as far as those around them agree.

What is shipped lies on the way from the parent to what was tuned: a few hundred windows pull a
network too far, and what it forgets comes with the last steps rather than the first (Wortsman et
al., Robust fine-tuning of zero-shot models, 2022).
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

if TYPE_CHECKING:
    from models.egolog.scenario import ScenarioNet

Array = NDArray[np.float32]


@dataclass(frozen=True)
class TuneSettings:
    """How far the network may go.

    `near` holds the output to its parent's; `original` is the weight of the whole coreset beside
    the whole queue; `distilled` the share of the parent's own word in what that is held to;
    `balance` how far windows of rare scenarios count more, 1 lets all scenarios count alike.
    `sequence_steps` train all of the network afterwards, at `sequence_rate`; 0 leaves it. `strides`
    are shares of the way from the parent, of which the first that passes the gate is taken. A
    window that its wearer named counts as `wearer` others.
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
    by_wearer: NDArray[np.bool_] | None = None,
) -> ScenarioNet:
    """Return a copy of `parent` tuned on `queue`, in inference mode; `parent` stays as it is.

    `when` says which windows follow each other; without it none do. `by_wearer` (N,) says which the
    wearer named; without it none. These are learned as they are, and speak for those around them.

    The same input and seed give the same weights on the same machine. An empty queue gives a copy.
    """
    network = copy.deepcopy(parent).eval().requires_grad_(False)
    if not len(queue) or not len(coreset):
        return network
    met, known = (head.points(network, each.rows) for each in (queue, coreset))
    prior, own = (head.probabilities(network, points) for points in (met, known))
    named = np.zeros(len(queue), bool) if by_wearer is None else by_wearer
    trusted = Trust.of(prior[~named], queue.labels[~named]).belief(prior, queue.labels)
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
        head.Weighted(met, torch.from_numpy(wanted), torch.from_numpy(queue_weights)),
        head.Weighted(known, torch.from_numpy(kept), torch.from_numpy(kept_weights)),
        settings.near,
    )
    if settings.sequence_steps:
        sequence.train(
            network,
            sequence.Drawn(Examples(queue.rows, wanted), queue_weights),
            sequence.Drawn(Examples(coreset.rows, kept), kept_weights),
            settings.sequence_steps,
            settings.sequence_rate,
            settings.seed,
        )
    return network


def between(parent: ScenarioNet, tuned: ScenarioNet, share: float) -> ScenarioNet:
    """Return the network that lies a `share` of the way from `parent` to `tuned`."""
    network = copy.deepcopy(parent).eval().requires_grad_(False)
    begun, ended = parent.state_dict(), tuned.state_dict()
    network.load_state_dict(
        {name: torch.lerp(value, ended[name], share) for name, value in begun.items()}
    )
    return network


def rarity(labels: Array, balance: float) -> Array:
    """Return weights (N,), 1 on average, that grow as a window's scenarios (N, 16) are rarer."""
    frequency = labels.mean(axis=0) + 1 / (16 * len(labels))  # (16,)
    rare = (labels * frequency**-balance).sum(axis=1) / np.maximum(labels.sum(axis=1), 1e-6)
    weights: Array = (rare / max(float(rare.mean()), 1e-6)).astype(np.float32)
    return weights
