"""The paper's Table 1 for a published data set: scenario-aware activity recognition.

Encoders are frozen; splits are by user, and epochs are chosen on validation users. Labels without
training users cannot be predicted: their moments count as errors, and are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.egolog.har import Har, HarConfig
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import accuracy
from models.research.papers.published import (
    Contexts,
    EncodedSet,
    Moments,
    Split,
    TablesError,
)
from models.research.papers.recogniser import (
    TIE,
    Column,
    Recognise,
    normalise,
)

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


BATCH = 128
HIDDEN = 128
WITHOUT_SCENARIO = 0.2
WRONG_SCENARIO = 0.1


@dataclass(frozen=True)
class ScenarioContext:
    """Scenarios as input of the activity table: names' embeddings (K, E) and an answer."""

    table: Tensor
    answer: Recognise
    threshold: float
    # Whether the data set's own labels train and bound it, in the same order as `table`.
    own: bool


class _Head(nn.Module):
    """A classifier on one vector of features."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, HIDDEN), nn.GELU(), nn.Dropout(0.2), nn.Linear(HIDDEN, outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, F) -> logits (B, L)."""
        out: Tensor = self.layers(x)
        return out


def activity_table(
    data: EncodedSet,
    split: Split,
    settings: Fit,
    seed: int,
    scenarios: ScenarioContext | None = None,
) -> Column:
    """Fill Table 1's column: activity accuracy on moments of unseen users.

    `scenarios` is the input of "+ Scenario": in training the data set's own labels, now and then
    wrong or missing; in the test what the scenario network recognises. Raises `TablesError` when
    a part has no moment.
    """
    normed, _ = normalise(data, split)
    parts = {name: _moments_of(normed.moments, users) for name, users in vars(split).items()}
    for name, part in parts.items():
        if not len(part):
            raise TablesError(f"data set {data.name!r} has no activity among its {name} users")
    train, check, test = parts["train"], parts["validation"], parts["test"]
    truth = test.activity.numpy()
    count = len(data.activities)
    audio_only = _unimodal("audio", [train, check, test], count, settings, seed)
    imu_only = _unimodal("imu", [train, check, test], count, settings, seed)
    joined = _concatenate([train, check, test], count, settings, seed)
    plain = _har([train, check, test], None, count, settings, seed)
    scores: dict[str, float | None] = {
        "Random": 1 / count,
        # Its sound and motion encoders have no loader here; the row keeps the paper's figure.
        "ImageBind-FT": None,
        "Most frequent": float(np.mean(truth == _mode(train.activity))),
        "Audio": accuracy(audio_only.argmax(1), truth),
        "IMU": accuracy(imu_only.argmax(1), truth),
        "Late fusion": accuracy((audio_only + imu_only).argmax(1), truth),
        "Concatenated (SAMoSA-style)": accuracy(joined.argmax(1), truth),
        "Multi-modal": accuracy(plain.argmax(1), truth),
        "+ Scenario": None,
        "+ Scenario (as labelled)": None,
    }
    if scenarios is not None:
        context = {
            name: _context(part, data.contexts, scenarios, name == "train")
            for name, part in parts.items()
        }
        hints = [(context[name], scenarios.table) for name in ("train", "validation", "test")]
        recognised, labelled = _har_with_context(
            [train, check, test], hints, data.contexts, scenarios.own, count, settings, seed
        )
        scores["+ Scenario"] = accuracy(recognised.argmax(1), truth)
        if labelled is not None:
            scores["+ Scenario (as labelled)"] = accuracy(labelled.argmax(1), truth)
    unseen = int((~np.isin(truth, train.activity.numpy())).sum())
    note = (
        f"{count} activities; {len(train)} / {len(check)} / {len(test)} moments of "
        f"{len(split.train)} / {len(split.validation)} / {len(split.test)} users"
        f"{f'; {unseen} test moments of activities that no training user has' if unseen else ''}"
    )
    return Column(data.name, scores, note)


def _moments_of(moments: Moments, users: frozenset[str]) -> Moments:
    return moments.take(np.isin(moments.user, sorted(users)))


def _mode(activity: Tensor) -> int:
    values, counts = np.unique(activity.numpy(), return_counts=True)
    return int(values[counts.argmax()])


def _unimodal(
    name: str, parts: list[Moments], count: int, settings: Fit, seed: int
) -> NDArray[np.float32]:
    return _classify(name, parts, [getattr(part, name) for part in parts], count, settings, seed)


def _concatenate(parts: list[Moments], count: int, settings: Fit, seed: int) -> NDArray[np.float32]:
    inputs = [torch.cat([part.audio, part.imu], dim=1) for part in parts]
    return _classify("concatenated", parts, inputs, count, settings, seed)


def _classify(
    title: str,
    parts: list[Moments],
    inputs: list[Tensor],
    count: int,
    settings: Fit,
    seed: int,
) -> NDArray[np.float32]:
    """Train a head on one vector and return the test's probabilities (M, L)."""
    torch.manual_seed(seed)
    head = _Head(inputs[0].shape[1], count)
    weight = _sampling_probabilities(parts[0].activity)

    def loss_of(rng: Generator) -> Tensor:
        rows = torch.from_numpy(rng.choice(len(weight), BATCH, p=weight))
        return cross_entropy(head(inputs[0][rows]), parts[0].activity[rows], label_smoothing=0.05)

    def score_of() -> float:
        return _validation_score(head(inputs[1]), parts[1])

    fit(title, head, loss_of, score_of, settings, seed)
    with torch.inference_mode():
        probabilities: NDArray[np.float32] = head(inputs[2]).softmax(1).numpy()
    return probabilities


def _validation_score(logits: Tensor, check: Moments) -> float:
    right = accuracy(logits.argmax(1).numpy(), check.activity.numpy())
    return right - TIE * float(cross_entropy(logits, check.activity))


# Input scenarios (M, K), and their embeddings (K, E).
_Hint = tuple[Tensor, Tensor]


def _scores(network: Har, part: Moments, hint: _Hint | None) -> Tensor:
    if hint is None:
        named = torch.zeros(len(part), 1, dtype=torch.bool)
        table = torch.zeros(1, network.config.text)
    else:
        named, table = hint[0] > 0, hint[1]
    text = table.expand(len(part), *table.shape)
    logits: Tensor = network(part.audio, part.audio_mask, part.imu, part.imu_mask, text, named)
    return logits


def _har(
    parts: list[Moments], hints: list[_Hint] | None, count: int, settings: Fit, seed: int
) -> NDArray[np.float32]:
    network = _har_net(parts, hints, count, settings, seed)
    with torch.inference_mode():
        probabilities: NDArray[np.float32] = (
            _scores(network, parts[2], hints[2] if hints else None).softmax(1).numpy()
        )
    return probabilities


def _har_with_context(
    parts: list[Moments],
    hints: list[_Hint],
    contexts: Contexts,
    own: bool,
    count: int,
    settings: Fit,
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the test's probabilities given recognised scenarios, and given the labels."""
    network = _har_net(parts, hints, count, settings, seed)
    with torch.inference_mode():
        recognised = _scores(network, parts[2], hints[2]).softmax(1).numpy()
        if not own:
            return recognised, None
        labels = contexts.scenarios[parts[2].context]
        labelled = _scores(network, parts[2], (labels, hints[2][1])).softmax(1).numpy()
    return recognised, labelled


def _har_net(
    parts: list[Moments], hints: list[_Hint] | None, count: int, settings: Fit, seed: int
) -> Har:
    torch.manual_seed(seed)
    train, check = parts[0], parts[1]
    text = hints[0][1].shape[1] if hints else 8
    network = Har(
        HarConfig(audio=train.audio.shape[1], imu=train.imu.shape[1], text=text, activities=count)
    )
    weight = _sampling_probabilities(train.activity)

    def loss_of(rng: Generator) -> Tensor:
        rows = torch.from_numpy(rng.choice(len(weight), BATCH, p=weight))
        batch = train.take(rows.numpy())
        hint = None if hints is None else (_mistaken(hints[0][0][rows], rng), hints[0][1])
        return cross_entropy(_scores(network, batch, hint), batch.activity, label_smoothing=0.05)

    def score_of() -> float:
        return _validation_score(_scores(network, check, hints[1] if hints else None), check)

    fit(
        "multi-modal" if hints is None else "+ scenario", network, loss_of, score_of, settings, seed
    )
    return network


def _mistaken(scenarios: Tensor, rng: Generator) -> Tensor:
    """Leave scenarios out and name wrong ones now and then, as recognition does."""
    out = scenarios.clone()
    wrong = np.flatnonzero(rng.random(len(out)) < WRONG_SCENARIO)
    out[wrong] = 0
    out[wrong, torch.from_numpy(rng.integers(0, out.shape[1], len(wrong)))] = 1
    out[np.flatnonzero(rng.random(len(out)) < WITHOUT_SCENARIO)] = 0
    return out


def _context(part: Moments, contexts: Contexts, scenarios: ScenarioContext, train: bool) -> Tensor:
    """Return the input scenarios (M, K) of moments: labels in training, else recognised."""
    if train and scenarios.own:
        return contexts.scenarios[part.context]
    needed, place = torch.unique(part.context, return_inverse=True)
    probability = scenarios.answer(contexts.take(needed.numpy()))
    return torch.from_numpy((probability >= scenarios.threshold).astype(np.float32))[place]


def _sampling_probabilities(activity: Tensor) -> NDArray[np.float64]:
    """Chances of drawing each moment, so that rare activities are seen too."""
    _, inverse, counts = np.unique(activity.numpy(), return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(counts[inverse])
    even: NDArray[np.float64] = weight / weight.sum()
    return even
