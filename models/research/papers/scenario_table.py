"""The paper's Table 2 for a published data set: scenario recognition.

Encoders are frozen; splits are by user, and epochs, heads and thresholds are chosen on validation
users.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from models.egolog.contrastive import Positive, SharedSpace, SpaceConfig, contrastive_loss
from models.egolog.scenario import ScenarioConfig, ScenarioNet
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import micro_f1
from models.research.papers.published import (
    SEGMENTS,
    Contexts,
    EncodedSet,
    Split,
    TablesError,
)
from models.research.papers.recogniser import (
    TIE,
    Column,
    normalise,
    recognise,
    segments,
)

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


CONTEXTS = 64
PAIRS = 256
THRESHOLDS = tuple(np.arange(0.05, 0.96, 0.05).round(2).tolist())


@dataclass(frozen=True)
class _FittedNetwork:
    """A network with its probabilities of the validation's and the test's contexts."""

    network: ScenarioNet
    checked: NDArray[np.float32]
    tested: NDArray[np.float32]


def scenario_table(
    data: EncodedSet, split: Split, settings: Fit, seed: int, positive: Positive = "sample"
) -> tuple[Column, ScenarioNet, SharedSpace, float]:
    """Fill Table 2's column: scenario F1 (EgoLog §5.1.4) on contexts of unseen users.

    Also return the best network, its space and its threshold. Raises `TablesError` when a part
    has no context with a scenario.
    """
    if not data.scenarios:
        raise TablesError(f"data set {data.name!r} names no scenarios")
    normed, _ = normalise(data, split)
    parts = {name: _contexts_of(normed.contexts, users) for name, users in vars(split).items()}
    for name, part in parts.items():
        if not len(part) or not part.scenarios.any():
            raise TablesError(f"data set {data.name!r} has no scenario among its {name} users")
    train, check, test = parts["train"], parts["validation"], parts["test"]
    space = _space(train, check, positive, settings, seed)

    def fit_network(
        title: str, sequence: str, key_frames: bool, without: str | None = None
    ) -> _FittedNetwork:
        network = _scenario_net(
            title, [_only(p, without) for p in (train, check)], space, settings, seed,
            sequence, key_frames,
        )  # fmt: skip
        checked, tested = (
            recognise(network, space, _only(part, without)) for part in (check, test)
        )
        return _FittedNetwork(network, checked, tested)

    def score(checked: NDArray[np.float32], tested: NDArray[np.float32]) -> float:
        return micro_f1(tested, truth, _threshold(checked, check.scenarios.numpy()))

    truth = test.scenarios.numpy()
    audio_only = fit_network("audio", "none", False, "imu")
    imu_only = fit_network("imu", "none", False, "audio")
    both = fit_network("multi-modal", "none", False)
    contrastive = fit_network("+ contrastive", "none", True)
    transformer = fit_network("+ transformer", "transformer", True)
    lstm = fit_network("+ lstm", "lstm", True)
    scores: dict[str, float | None] = {
        "Random": 1 / len(data.scenarios),
        "Most frequent": _most_frequent_f1(train.scenarios.numpy(), truth),
        "Audio": score(audio_only.checked, audio_only.tested),
        "IMU": score(imu_only.checked, imu_only.tested),
        "Late fusion": score(
            _mean(audio_only.checked, imu_only.checked), _mean(audio_only.tested, imu_only.tested)
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


def _contexts_of(contexts: Contexts, users: frozenset[str]) -> Contexts:
    return contexts.take(np.isin(contexts.user, sorted(users)) & contexts.tiles)


def _only(contexts: Contexts, without: str | None) -> Contexts:
    if without is None:
        return contexts
    gone = torch.zeros_like(contexts.audio_mask)
    if without == "audio":
        return replace(contexts, audio_mask=gone)
    return replace(contexts, imu_mask=gone)


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
        rows, _ = network.join(segments(train, space))

    def loss_of(rng: Generator) -> Tensor:
        drawn = torch.from_numpy(rng.integers(0, len(train), CONTEXTS))
        return binary_cross_entropy_with_logits(network(rows[drawn]), train.scenarios[drawn])

    def score_of() -> float:
        probability, truth = recognise(network, space, check), check.scenarios.numpy()
        wrong = torch.nn.functional.binary_cross_entropy(
            torch.from_numpy(probability), check.scenarios
        )
        return micro_f1(probability, truth, _threshold(probability, truth)) - TIE * float(wrong)

    fit(title, network, loss_of, score_of, settings, seed)
    return network.requires_grad_(False)


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
