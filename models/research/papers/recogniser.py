"""Trains small heads on a published data set and fills the paper's Tables 1 and 2 for it.

Encoders stay frozen; users of the test are in no other part, and epochs, heads and thresholds are
chosen on the users of the validation. Labels that no training user has cannot be answered: their
moments count as wrong, and are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from models.egolog.contrastive import Positive, SharedSpace, SpaceConfig, contrastive_loss
from models.egolog.har import Har, HarConfig
from models.egolog.scenario import ScenarioConfig, ScenarioNet, Segments
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import accuracy, micro_f1
from models.research.papers.published import (
    SEGMENTS,
    Contexts,
    Moments,
    Published,
    Split,
    TablesError,
)

if TYPE_CHECKING:
    from numpy.random import Generator

BATCH = 128
CONTEXTS = 64
# Few validation users give many equal scores; of those the surest network is kept.
TIE = 1e-3
PAIRS = 256
HIDDEN = 128
WITHOUT_SCENARIO = 0.2
WRONG_SCENARIO = 0.1
THRESHOLDS = tuple(np.arange(0.05, 0.96, 0.05).round(2).tolist())

# A scenario network's answer for contexts (N, ...): probabilities (N, K).
Recognise = Callable[[Contexts], NDArray[np.float32]]


@dataclass(frozen=True)
class Column:
    """One data set's column of a table: scores by row name, None where a row does not apply.

    `note` says what was measured on how much.
    """

    data_set: str
    scores: dict[str, float | None]
    note: str


@dataclass(frozen=True)
class Recognised:
    """Scenarios as the activity table is told them: names' embeddings (K, E) and an answer."""

    table: Tensor
    answer: Recognise
    threshold: float
    # Whether the data set's own labels train and bound it, in the same order as `table`.
    own: bool


@dataclass(frozen=True)
class _Fitted:
    """A network and what it says of the validation's and the test's contexts."""

    network: ScenarioNet
    checked: NDArray[np.float32]
    tested: NDArray[np.float32]


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


def scenario_table(
    data: Published, split: Split, settings: Fit, seed: int, positive: Positive = "sample"
) -> tuple[Column, ScenarioNet, SharedSpace, float]:
    """Fill Table 2's column: scenario F1 (EgoLog §5.1.4) on contexts of unseen users.

    Also return the best network, its space and its threshold. Raises `TablesError` when a part
    has no context with a scenario.
    """
    if not data.scenarios:
        raise TablesError(f"data set {data.name!r} names no scenarios")
    normed, _ = _normed(data, split)
    parts = {name: _contexts_of(normed.contexts, users) for name, users in vars(split).items()}
    for name, part in parts.items():
        if not len(part) or not part.scenarios.any():
            raise TablesError(f"data set {data.name!r} has no scenario among its {name} users")
    train, check, test = parts["train"], parts["validation"], parts["test"]
    space = _space(train, check, positive, settings, seed)

    def fitted(title: str, sequence: str, key_frames: bool, without: str | None = None) -> _Fitted:
        network = _scenario_net(
            title, [_only(p, without) for p in (train, check)], space, settings, seed,
            sequence, key_frames,
        )  # fmt: skip
        checked, tested = (
            _probability(network, space, _only(part, without)) for part in (check, test)
        )
        return _Fitted(network, checked, tested)

    def score(checked: NDArray[np.float32], tested: NDArray[np.float32]) -> float:
        return micro_f1(tested, truth, _threshold(checked, check.scenarios.numpy()))

    truth = test.scenarios.numpy()
    heard = fitted("audio", "none", False, "imu")
    moved = fitted("imu", "none", False, "audio")
    both = fitted("multi-modal", "none", False)
    contrastive = fitted("+ contrastive", "none", True)
    transformer = fitted("+ transformer", "transformer", True)
    lstm = fitted("+ lstm", "lstm", True)
    scores: dict[str, float | None] = {
        "Random": 1 / len(data.scenarios),
        "Most frequent": _most_frequent_f1(train.scenarios.numpy(), truth),
        "Audio": score(heard.checked, heard.tested),
        "IMU": score(moved.checked, moved.tested),
        "Late fusion": score(
            _mean(heard.checked, moved.checked), _mean(heard.tested, moved.tested)
        ),
        "Multi-modal": score(both.checked, both.tested),
        "+ Contrastive": score(contrastive.checked, contrastive.tested),
        "+ Transformer": score(transformer.checked, transformer.tested),
        "or + LSTM": score(lstm.checked, lstm.tested),
    }
    unseen = int((test.scenarios[:, ~train.scenarios.bool().any(0)] > 0).sum())
    note = (
        f"{len(data.scenarios)} scenarios; {len(train)} / {len(check)} / {len(test)} contexts of "
        f"{len(split.train)} / {len(split.validation)} / {len(split.test)} users"
        f"{f'; {unseen} test labels that no training user has' if unseen else ''}"
    )
    threshold = _threshold(transformer.checked, check.scenarios.numpy())
    return Column(data.name, scores, note), transformer.network, space, threshold


def activity_table(
    data: Published,
    split: Split,
    settings: Fit,
    seed: int,
    scenarios: Recognised | None = None,
) -> Column:
    """Fill Table 1's column: activity accuracy on moments of unseen users.

    `scenarios` is what "+ Scenario" is told: in training the data set's own labels, now and then
    wrong or missing; in the test what the scenario network recognises. Raises `TablesError` when
    a part has no moment.
    """
    normed, _ = _normed(data, split)
    parts = {name: _moments_of(normed.moments, users) for name, users in vars(split).items()}
    for name, part in parts.items():
        if not len(part):
            raise TablesError(f"data set {data.name!r} has no activity among its {name} users")
    train, check, test = parts["train"], parts["validation"], parts["test"]
    truth = test.activity.numpy()
    count = len(data.activities)
    heard = _unimodal("audio", [train, check, test], count, settings, seed)
    moved = _unimodal("imu", [train, check, test], count, settings, seed)
    joined = _concatenated([train, check, test], count, settings, seed)
    plain = _har([train, check, test], None, count, settings, seed)
    scores: dict[str, float | None] = {
        "Random": 1 / count,
        # Its sound and motion encoders have no loader here; the row keeps the paper's figure.
        "ImageBind-FT": None,
        "Most frequent": float(np.mean(truth == _mode(train.activity))),
        "Audio": accuracy(heard.argmax(1), truth),
        "IMU": accuracy(moved.argmax(1), truth),
        "Late fusion": accuracy((heard + moved).argmax(1), truth),
        "Concatenated (SAMoSA-style)": accuracy(joined.argmax(1), truth),
        "Multi-modal": accuracy(plain.argmax(1), truth),
        "+ Scenario": None,
        "+ Scenario (as labelled)": None,
    }
    if scenarios is not None:
        told = {
            name: _told(part, data.contexts, scenarios, name == "train")
            for name, part in parts.items()
        }
        hints = [(told[name], scenarios.table) for name in ("train", "validation", "test")]
        found, labelled = _har_told(
            [train, check, test], hints, data.contexts, scenarios.own, count, settings, seed
        )
        scores["+ Scenario"] = accuracy(found.argmax(1), truth)
        if labelled is not None:
            scores["+ Scenario (as labelled)"] = accuracy(labelled.argmax(1), truth)
    unseen = int((~np.isin(truth, train.activity.numpy())).sum())
    note = (
        f"{count} activities; {len(train)} / {len(check)} / {len(test)} moments of "
        f"{len(split.train)} / {len(split.validation)} / {len(split.test)} users"
        f"{f'; {unseen} test moments of activities that no training user has' if unseen else ''}"
    )
    return Column(data.name, scores, note)


def recogniser(
    data: Published, split: Split, network: ScenarioNet, space: SharedSpace
) -> Recognise:
    """Return what `network`, trained by `scenario_table` on `data`, says of contexts."""
    _, norm = _normed(data, split)
    return lambda contexts: _probability(network, space, norm(contexts))


def answer_with(network: ScenarioNet, space: SharedSpace) -> Recognise:
    """Return what a shipped network says of contexts of its own encoders, unnormalised."""
    return lambda contexts: _probability(network, space, contexts)


def _normed(data: Published, split: Split) -> tuple[Published, Callable[[Contexts], Contexts]]:
    """Scale features by the training users' mean and spread; encoders differ in both."""
    scale = {}
    for name in ("audio", "imu"):
        held, felt = getattr(data.contexts, name), getattr(data.moments, name)
        rows = [
            held[getattr(data.contexts, f"{name}_mask") & _among(data.contexts, split)[:, None]],
            felt[getattr(data.moments, f"{name}_mask") & _among(data.moments, split)],
        ]
        known = torch.cat(rows)
        if len(known) < 2:
            known = torch.zeros(2, held.shape[-1])
        scale[name] = (known.mean(0), known.std(0).clamp(min=1e-4))

    def scaled(name: str, values: Tensor, mask: Tensor) -> Tensor:
        mean, spread = scale[name]
        return ((values - mean) / spread).masked_fill(~mask[..., None], 0.0)

    def contexts_of(part: Contexts) -> Contexts:
        return replace(
            part,
            audio=scaled("audio", part.audio, part.audio_mask),
            imu=scaled("imu", part.imu, part.imu_mask),
        )

    moments = replace(
        data.moments,
        audio=scaled("audio", data.moments.audio, data.moments.audio_mask),
        imu=scaled("imu", data.moments.imu, data.moments.imu_mask),
    )
    return replace(data, contexts=contexts_of(data.contexts), moments=moments), contexts_of


def _among(part: Contexts | Moments, split: Split) -> Tensor:
    return torch.from_numpy(np.isin(part.user, sorted(split.train)))


def _contexts_of(contexts: Contexts, users: frozenset[str]) -> Contexts:
    return _context_rows(contexts, np.isin(contexts.user, sorted(users)) & contexts.tiles)


def _context_rows(contexts: Contexts, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Contexts:
    return Contexts(**{name: value[rows] for name, value in vars(contexts).items()})


def _moments_of(moments: Moments, users: frozenset[str]) -> Moments:
    return _moment_rows(moments, np.isin(moments.user, sorted(users)))


def _moment_rows(moments: Moments, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Moments:
    return Moments(**{name: value[rows] for name, value in vars(moments).items()})


def _only(contexts: Contexts, without: str | None) -> Contexts:
    if without is None:
        return contexts
    gone = torch.zeros_like(contexts.audio_mask)
    if without == "audio":
        return replace(contexts, audio_mask=gone)
    return replace(contexts, imu_mask=gone)


def _segments(contexts: Contexts, space: SharedSpace) -> Segments:
    return Segments(
        audio_features=contexts.audio,
        audio_embedding=space.of_audio(contexts.audio),
        audio_mask=contexts.audio_mask,
        imu_features=contexts.imu,
        imu_embedding=space.of_imu(contexts.imu),
        imu_mask=contexts.imu_mask,
    )


def _space(
    train: Contexts, check: Contexts, positive: Positive, settings: Fit, seed: int
) -> SharedSpace:
    """Train the space that sound and motion share on segments that have both."""
    torch.manual_seed(seed)
    space = SharedSpace(SpaceConfig(audio=train.audio.shape[2], imu=train.imu.shape[2]))
    both = {id(part): (part.audio_mask & part.imu_mask).nonzero() for part in (train, check)}
    if min(map(len, both.values())) < 2:
        return space.eval().requires_grad_(False)

    def loss(part: Contexts, rng: Generator) -> Tensor:
        known = both[id(part)]
        at = known[torch.from_numpy(rng.integers(0, len(known), min(PAIRS, len(known))))]
        row, segment = at[:, 0], at[:, 1]
        logits = space.logits(
            space.of_audio(part.audio[row, segment]), space.of_imu(part.imu[row, segment])
        )
        return contrastive_loss(logits, positive, part.scenarios[row])

    def score() -> float:
        rng = np.random.default_rng(0)
        return -float(np.mean([float(loss(check, rng)) for _ in range(4)]))

    fit("shared space", space, lambda rng: loss(train, rng), score, settings, seed)
    return space.requires_grad_(False)


def _scenario_net(
    title: str,
    parts: list[Contexts],
    space: SharedSpace,
    settings: Fit,
    seed: int,
    sequence: str,
    key_frames: bool,
) -> ScenarioNet:
    torch.manual_seed(seed)
    train, check = parts
    network = ScenarioNet(
        ScenarioConfig(
            audio=train.audio.shape[2],
            imu=train.imu.shape[2],
            embedding=space.config.embedding,
            sequence=sequence,  # type: ignore[arg-type]
            key_frames=key_frames,
            max_segments=SEGMENTS,
            scenarios=train.scenarios.shape[1],
        )
    )

    with torch.no_grad():
        # `join` has no weights, so that its rows are the same in every step.
        rows, _ = network.join(_segments(train, space))

    def loss_of(rng: Generator) -> Tensor:
        drawn = torch.from_numpy(rng.integers(0, len(train), CONTEXTS))
        return binary_cross_entropy_with_logits(network(rows[drawn]), train.scenarios[drawn])

    def score_of() -> float:
        probability, truth = _probability(network, space, check), check.scenarios.numpy()
        wrong = torch.nn.functional.binary_cross_entropy(
            torch.from_numpy(probability), check.scenarios
        )
        return micro_f1(probability, truth, _threshold(probability, truth)) - TIE * float(wrong)

    fit(title, network, loss_of, score_of, settings, seed)
    return network.requires_grad_(False)


def _probability(
    network: ScenarioNet, space: SharedSpace, contexts: Contexts
) -> NDArray[np.float32]:
    with torch.inference_mode():
        parts = [
            torch.sigmoid(network(network.join(_segments(_context_rows(contexts, rows), space))[0]))
            for rows in np.array_split(np.arange(len(contexts)), max(1, len(contexts) // 512))
        ]
    found: NDArray[np.float32] = torch.cat(parts).numpy()
    return found


def _mean(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((one + other) / 2, np.float32)


def _threshold(probability: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Return the threshold of the best micro-F1, the middle one of equals."""
    scores = np.array([micro_f1(probability, truth, t) for t in THRESHOLDS])
    best = np.flatnonzero(scores == scores.max())
    return float(THRESHOLDS[int(best[len(best) // 2])])


def _most_frequent_f1(train: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Always name the k most frequent scenarios, k as best on the training users."""
    order = np.argsort(-train.mean(0), kind="stable")

    def named(k: int, like: NDArray[np.float32]) -> NDArray[np.float32]:
        constant = np.zeros_like(like)
        constant[:, order[:k]] = 1
        return constant

    best = max(range(1, train.shape[1] + 1), key=lambda k: micro_f1(named(k, train), train))
    return micro_f1(named(best, truth), truth)


def _mode(activity: Tensor) -> int:
    values, counts = np.unique(activity.numpy(), return_counts=True)
    return int(values[counts.argmax()])


def _unimodal(
    name: str, parts: list[Moments], count: int, settings: Fit, seed: int
) -> NDArray[np.float32]:
    return _classified(name, parts, [getattr(part, name) for part in parts], count, settings, seed)


def _concatenated(
    parts: list[Moments], count: int, settings: Fit, seed: int
) -> NDArray[np.float32]:
    inputs = [torch.cat([part.audio, part.imu], dim=1) for part in parts]
    return _classified("concatenated", parts, inputs, count, settings, seed)


def _classified(
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
    weight = _evened(parts[0].activity)

    def loss_of(rng: Generator) -> Tensor:
        rows = torch.from_numpy(rng.choice(len(weight), BATCH, p=weight))
        return cross_entropy(head(inputs[0][rows]), parts[0].activity[rows], label_smoothing=0.05)

    def score_of() -> float:
        return _validated(head(inputs[1]), parts[1])

    fit(title, head, loss_of, score_of, settings, seed)
    with torch.inference_mode():
        found: NDArray[np.float32] = head(inputs[2]).softmax(1).numpy()
    return found


def _validated(logits: Tensor, check: Moments) -> float:
    right = accuracy(logits.argmax(1).numpy(), check.activity.numpy())
    return right - TIE * float(cross_entropy(logits, check.activity))


# Scenarios (M, K) as told, and their embeddings (K, E).
_Hint = tuple[Tensor, Tensor]


def _scores(network: Har, part: Moments, hint: _Hint | None) -> Tensor:
    if hint is None:
        told = torch.zeros(len(part), 1, dtype=torch.bool)
        table = torch.zeros(1, network.config.text)
    else:
        told, table = hint[0] > 0, hint[1]
    text = table.expand(len(part), *table.shape)
    logits: Tensor = network(part.audio, part.audio_mask, part.imu, part.imu_mask, text, told)
    return logits


def _har(
    parts: list[Moments], hints: list[_Hint] | None, count: int, settings: Fit, seed: int
) -> NDArray[np.float32]:
    network = _har_net(parts, hints, count, settings, seed)
    with torch.inference_mode():
        found: NDArray[np.float32] = (
            _scores(network, parts[2], hints[2] if hints else None).softmax(1).numpy()
        )
    return found


def _har_told(
    parts: list[Moments],
    hints: list[_Hint],
    contexts: Contexts,
    own: bool,
    count: int,
    settings: Fit,
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the test's probabilities told recognised scenarios, and told the labels."""
    network = _har_net(parts, hints, count, settings, seed)
    with torch.inference_mode():
        found = _scores(network, parts[2], hints[2]).softmax(1).numpy()
        if not own:
            return found, None
        labels = contexts.scenarios[parts[2].context]
        labelled = _scores(network, parts[2], (labels, hints[2][1])).softmax(1).numpy()
    return found, labelled


def _har_net(
    parts: list[Moments], hints: list[_Hint] | None, count: int, settings: Fit, seed: int
) -> Har:
    torch.manual_seed(seed)
    train, check = parts[0], parts[1]
    text = hints[0][1].shape[1] if hints else 8
    network = Har(
        HarConfig(audio=train.audio.shape[1], imu=train.imu.shape[1], text=text, activities=count)
    )
    weight = _evened(train.activity)

    def loss_of(rng: Generator) -> Tensor:
        rows = torch.from_numpy(rng.choice(len(weight), BATCH, p=weight))
        batch = _moment_rows(train, rows.numpy())
        hint = None if hints is None else (_mistaken(hints[0][0][rows], rng), hints[0][1])
        return cross_entropy(_scores(network, batch, hint), batch.activity, label_smoothing=0.05)

    def score_of() -> float:
        return _validated(_scores(network, check, hints[1] if hints else None), check)

    fit(
        "multi-modal" if hints is None else "+ scenario", network, loss_of, score_of, settings, seed
    )
    return network


def _mistaken(told: Tensor, rng: Generator) -> Tensor:
    """Leave scenarios out and name wrong ones now and then, as recognition does."""
    out = told.clone()
    wrong = np.flatnonzero(rng.random(len(out)) < WRONG_SCENARIO)
    out[wrong] = 0
    out[wrong, torch.from_numpy(rng.integers(0, out.shape[1], len(wrong)))] = 1
    out[np.flatnonzero(rng.random(len(out)) < WITHOUT_SCENARIO)] = 0
    return out


def _told(part: Moments, contexts: Contexts, scenarios: Recognised, train: bool) -> Tensor:
    """Return the scenarios (M, K) that moments are told: labels in training, else recognised."""
    if train and scenarios.own:
        return contexts.scenarios[part.context]
    needed, place = torch.unique(part.context, return_inverse=True)
    probability = scenarios.answer(_context_rows(contexts, needed.numpy()))
    return torch.from_numpy((probability >= scenarios.threshold).astype(np.float32))[place]


def _evened(activity: Tensor) -> NDArray[np.float64]:
    """Chances of drawing each moment, so that rare activities are seen too."""
    _, inverse, counts = np.unique(activity.numpy(), return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(counts[inverse])
    even: NDArray[np.float64] = weight / weight.sum()
    return even
