"""Zero-shot baselines for activities without labelled readings (LanHAR §4.1.3, iii).

They are trained on the source's labelled classes, with the same candidates and label vectors as
LanHAR. UniMTS is omitted: its pretraining data, simulated skeletons, are not available.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator
from torch.nn.functional import cross_entropy

from models.lanhar import descriptions
from models.research.lanhar.baselines.forest import forest_shares
from models.research.lanhar.baselines.learning import TRAINED, Task, dcnn, featured, labelled
from models.research.lanhar.training.expected_patterns import expectation
from models.research.lanhar.training.sensor import even

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.research.lanhar.baselines.networks import Dcnn

_RIDGE = 1.0
_SMALL_PORTION = 0.01
_TUNING = 0.25
_TUNING_RATE = 3e-4

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Unseen:
    """A task whose target (M, 120, 6) has activities beyond the source's classes.

    `known` (K, D) and `candidates` (C, D) are unit label vectors of the source's classes and of all
    candidate labels, whose names are `known_names` and `names`; `new` (M,) marks the target's
    windows to classify, and `true` (M,) is their index among the candidates, -1 if none. Only
    `dcnn_fine_tuned` reads `true`.
    """

    task: Task
    known_names: tuple[str, ...]
    names: tuple[str, ...]
    known: Vectors
    candidates: Vectors
    new: NDArray[np.bool_]
    true: NDArray[np.int64]


def unseen(given: Unseen) -> dict[str, Callable[[], dict[str, float]]]:
    """Return by baseline a function that trains it and returns its figures on the new windows.

    A network's features are mapped to the label vectors by ridge regression; the forest's
    probabilities weight them (ConSE); `nuactiv` does the same with the patterns of the descriptions
    instead of vectors. `dcnn_fine_tuned` sees labels of a hundredth of the target and is evaluated
    on the rest. All others are biased towards the classes they were trained on, so
    `accuracy_among_new` excludes those.
    """
    # Both grow the same forest.
    shares = cache(lambda: _shares(given))
    runs: dict[str, Callable[[], dict[str, float]]] = {
        "random_forest": lambda: _figures(shares() @ given.known @ given.candidates.T, given),
        "nuactiv": lambda: _figures(nuactiv(given, shares()), given),
        "dcnn_fine_tuned": lambda: {"accuracy": fine_tuned(given)},
    }
    for name in TRAINED:
        runs[name] = lambda name=name: _figures(mapped(given, name), given)  # type: ignore[misc]
    return runs


def among_new(true: NDArray[np.int64], scores: NDArray[np.floating]) -> float:
    """Return the accuracy of scores (M, C) for indices (M,), without the excluded labels."""
    there = np.isin(np.arange(scores.shape[1]), true)
    return _accuracy(np.where(there, scores, -np.inf).argmax(axis=1), true)


def mapped(given: Unseen, name: str) -> NDArray[np.float32]:
    """Return candidates' scores (M, C) by one of `TRAINED` and a linear map to label vectors."""
    task = given.task
    network = TRAINED[name](task)
    weights = even(task.label).numpy()
    ours, theirs = featured(network, task.source), featured(network, _new(given))
    vectors = ridge(ours, given.known[task.label.numpy()], weights)(theirs)
    # Candidates have unit length, and the window's own does not change which is nearest.
    scores: NDArray[np.float32] = vectors @ given.candidates.T
    return scores


def ridge(x: Vectors, y: Vectors, weights: NDArray[np.float32]) -> Callable[[Vectors], Vectors]:
    """Return the weighted ridge regression from x (N, F) to y (N, D), on standardised x."""
    share = np.asarray(weights, np.float64)[:, None] / float(np.sum(weights))
    centre, mean = (x * share).sum(axis=0), (y * share).sum(axis=0)
    spread = np.sqrt(((x - centre) ** 2 * share).sum(axis=0)) + 1e-3
    inside = (x - centre) / spread
    regular = np.eye(x.shape[1]) * _RIDGE / len(x)
    slope = np.linalg.solve(inside.T @ (inside * share) + regular, inside.T @ ((y - mean) * share))
    return lambda new: np.asarray((new - centre) / spread @ slope + mean, np.float32)


def fine_tuned(given: Unseen) -> float:
    """Return the accuracy of a DCNN tuned on a few labelled windows of the target, on the others.

    They are drawn from all users, at least one of each activity, so tuning and test share users.
    """
    task = given.task
    network = cast("Dcnn", dcnn(task))
    places = tuned_on(given, task.seed)
    imu, label = task.target[torch.from_numpy(places)], torch.from_numpy(given.true[places])
    torch.manual_seed(task.seed)
    width = cast("int", network.layers[-1].in_features)
    network.layers[-1] = torch.nn.Linear(width, len(given.names))
    optimizer = torch.optim.AdamW(network.parameters(), _TUNING_RATE, weight_decay=0.01)
    rng = Generator().manual_seed(task.seed)
    network.train()
    for _ in range(max(round(task.settings.steps * _TUNING), 1)):
        chosen = torch.multinomial(even(label), task.settings.batch, True, generator=rng)
        loss = cross_entropy(network(imu[chosen]), label[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    asked = given.new.copy()
    asked[places] = False
    others = task.target[torch.from_numpy(asked)]
    if not len(others):
        return 0.0
    return _accuracy(labelled(network.eval(), others), given.true[asked])


def tuned_on(given: Unseen, seed: int) -> NDArray[np.int64]:
    """Return the indices in the target of the windows used for fine-tuning, in order."""
    rng = np.random.default_rng(seed)
    kept = []
    for name in np.unique(given.true[given.true >= 0]):
        places = np.flatnonzero(given.true == name)
        kept.append(rng.permutation(places)[: max(round(_SMALL_PORTION * len(places)), 1)])
    return np.sort(np.concatenate(kept))


def attributes(names: Sequence[str]) -> NDArray[np.float64]:
    """Return (K, A), the probability of each pattern by activity from descriptions (NuActiv)."""
    rows = [expectation(descriptions.describe(name)) for name in names]
    return np.stack([np.concatenate(list(row.values())) for row in rows])


def nuactiv(given: Unseen, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return candidates' scores (M, C): minus the squared distance of attributes.

    `shares` (M, K) are the probabilities of the known activities.
    """
    known, candidates = attributes(given.known_names), attributes(given.names)
    described = shares @ known
    scores: NDArray[np.float64] = -((described[:, None] - candidates) ** 2).sum(axis=2)
    return scores


def _shares(given: Unseen) -> NDArray[np.float64]:
    task = given.task
    return forest_shares(task.source.numpy(), task.label.numpy(), _new(given).numpy(), task.seed)


def _new(given: Unseen) -> torch.Tensor:
    return given.task.target[torch.from_numpy(given.new)]


def _figures(scores: NDArray[np.floating], given: Unseen) -> dict[str, float]:
    true = given.true[given.new]
    return {
        "accuracy": _accuracy(scores.argmax(axis=1), true),
        "accuracy_among_new": among_new(true, scores),
    }


def _accuracy(predicted: NDArray[np.int64], true: NDArray[np.int64]) -> float:
    return float(np.mean(predicted == true)) if len(true) else 0.0
