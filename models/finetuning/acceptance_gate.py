"""Whether a tuned network may replace its parent (EgoLog §4.4.2, and what may go wrong there).

It must not be worse than the shipped network on windows of its original days that it has never
learned from, and it must explain the queue's labels better than its parent where it has not seen
them either. Those may be wrong as well: so what counts is how likely they are from somebody who
names scenarios as well as these labels agree with the parent (forward correction, Patrini et al.,
Making Deep Neural Networks Robust to Label Noise, 2017). Labels by chance, and one label for
everything, then say nothing for the candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from models.finetuning.noisy_labels import Trust, word_of_wearers
from models.finetuning.scoring import probabilities
from schemas.correction import WEARER

if TYPE_CHECKING:
    from models.egolog.scenario import ScenarioNet
    from models.finetuning.examples import Examples

Array = NDArray[np.float32]
Outcome = Literal["accepted", "few", "one_sided", "original", "queue"]
_TINY = 1e-4


@dataclass(frozen=True)
class GateSettings:
    """What is asked of a candidate.

    On its original days it may lose `f1_lost` of the shipped network's F1, of which `errors`
    standard errors of the change are taken as lost, for the windows are few; its log loss may be
    `loss_gained` of the shipped network's above it. The queue's log loss has to fall by
    `queue_gain` of the parent's, and by `errors` standard errors. Fewer than `least` held-out
    windows of the queue decide nothing, and labels less varied than `diversity` times the parent's
    own guesses are one-sided. A window that its wearer named counts as `wearer` others.
    """

    f1_lost: float = 0.005
    loss_gained: float = 0.08
    queue_gain: float = 0.005
    errors: float = 0.5
    least: int = 6
    wearer: float = 3.0
    diversity: float = 0.3


@dataclass(frozen=True)
class Verdict:
    """What became of a candidate and why, and the figures of the parent and its own.

    It was rejected for `few` or `one_sided` labels, for its `original` days or for the `queue`.
    `coreset_f1` and `coreset_loss` are on the original days, `queue_f1` and `queue_loss` on the
    queue, all on what is held out; `queue_uncertain` is the share of the queue below 0.5.
    `wearer_f1` is on those of the queue's windows that wearers named, `wearer_windows` of them.
    """

    outcome: Outcome
    reason: str
    before: dict[str, float]
    after: dict[str, float]

    @property
    def accepted(self) -> bool:
        """Whether the candidate may replace its parent."""
        return self.outcome == "accepted"

    @property
    def metrics(self) -> dict[str, float]:
        """The candidate's figures, and the parent's with `_before` at the end."""
        return self.after | {f"{name}_before": value for name, value in self.before.items()}


def judge(
    parent: ScenarioNet,
    candidate: ScenarioNet,
    coreset: Examples,
    queue: Examples,
    settings: GateSettings = GateSettings(),
    labellers: NDArray[np.str_] | None = None,
    shipped: ScenarioNet | None = None,
) -> Verdict:
    """Compare both on the held-out part of the queue, and with `shipped` on the coreset's.

    Without `shipped` it is the parent; what several revisions lose one after another then adds up.
    `labellers` are who named each of the N windows of the queue; without it one named all.
    """
    of_coreset = [probabilities(network, coreset.rows) for network in (parent, candidate)]
    of_queue = [probabilities(network, queue.rows) for network in (parent, candidate)]
    if labellers is None:
        labellers = np.full(len(queue), "")
    named = labellers == WEARER
    trust = Trust.of_labellers(of_queue[0], queue.labels, labellers)
    weights = np.where(named, np.float32(settings.wearer), np.float32(1))
    weights *= len(queue) / max(float(weights.sum()), 1.0)
    explained = [weights * _label_loss(trust, each, queue.labels, named) for each in of_queue]
    before, after = (
        {
            "coreset_f1": _f1(of_coreset[at], coreset.labels),
            "coreset_loss": _mean(_log_loss(of_coreset[at], coreset.labels)),
            "queue_f1": _f1(of_queue[at], queue.labels),
            "queue_loss": _mean(explained[at]),
            "queue_uncertain": _mean(
                (of_queue[at].max(axis=1, initial=0.0) < 0.5).astype(np.float32)
            ),
            "queue_windows": float(len(queue)),
            "wearer_f1": _f1(of_queue[at][named], queue.labels[named]),
            "wearer_windows": float(named.sum()),
        }
        for at in (0, 1)
    )
    original = of_coreset[0] if shipped is None else probabilities(shipped, coreset.rows)
    forgotten = _forgotten(original, of_coreset[1], coreset.labels, settings)
    outcome, reason = _decide(before, after, explained, of_queue[0], queue, settings, forgotten)
    return Verdict(outcome, reason, before, after)


def _decide(
    before: dict[str, float],
    after: dict[str, float],
    explained: list[Array],
    of_queue: Array,
    queue: Examples,
    settings: GateSettings,
    forgotten: str | None,
) -> tuple[Outcome, str]:
    if len(queue) < settings.least:
        return "few", f"{len(queue)} held-out windows of the queue; expected {settings.least}"
    named, guessed = _variety(queue.labels), _variety(_guesses(of_queue))
    if named < settings.diversity * guessed:
        return "one_sided", (
            f"labels as varied as {named:.1f} scenarios; the parent's guesses are as {guessed:.1f}"
        )
    if forgotten is not None:
        return "original", f"worse on original days: {forgotten}"
    gain = explained[0] - explained[1]
    error = float(gain.std(ddof=1)) / float(np.sqrt(len(gain)))
    least = max(settings.queue_gain * before["queue_loss"], settings.errors * error)
    if _mean(gain) <= least:
        return "queue", (
            f"not better on the queue: log loss from {before['queue_loss']:.3f} to "
            f"{after['queue_loss']:.3f}; expected {least:.3f} less"
        )
    return "accepted", "better on the queue, not worse on original days"


def _forgotten(
    shipped: Array, candidate: Array, labels: Array, settings: GateSettings
) -> str | None:
    """Return what a candidate has lost of the original days (N, 16), None if that is allowed."""
    before, after = _f1(shipped, labels), _f1(candidate, labels)
    error = _f1_error(shipped, candidate, labels)
    if after - settings.errors * error < before - settings.f1_lost:
        return f"coreset_f1 from {before:.3f} to {after:.3f} ± {error:.3f}"
    before, after = (_mean(_log_loss(each, labels)) for each in (shipped, candidate))
    if after > before * (1 + settings.loss_gained):
        return f"coreset_loss from {before:.3f} to {after:.3f}"
    return None


def _f1_error(before: Array, after: Array, labels: Array) -> float:
    """Return the standard error of the change of F1 between two estimates of windows (N, 16).

    F1 is a ratio of sums over windows; so is the change's error, to first order (delta method).
    """
    change = _f1_influence(after, labels) - _f1_influence(before, labels)
    return float(change.std(ddof=1)) / float(np.sqrt(len(change))) if len(change) > 1 else 0.0


def _f1_influence(probability: Array, labels: Array) -> Array:
    named, true = probability >= 0.5, labels >= 0.5
    hits, counted = (named & true).sum(axis=1), named.sum(axis=1) + true.sum(axis=1)
    influence: Array = (2 * hits - _f1(probability, labels) * counted) / max(
        float(counted.mean()), _TINY
    )
    return influence


def _label_loss(
    trust: Trust, probability: Array, labels: Array, by_wearer: NDArray[np.bool_]
) -> Array:
    """Return the log loss (N,) of labels; those of wearers are what went on, near enough."""
    loss = _likelihood(trust, probability, labels)
    sure = word_of_wearers(np.ones(1, np.float32))[0]
    certain = Trust(*(np.full(labels.shape[1], p, np.float32) for p in (sure, 1 - sure)))
    return np.where(by_wearer, _likelihood(certain, probability, labels), loss)


def _likelihood(trust: Trust, probability: Array, labels: Array) -> Array:
    """Return the log loss (N,) of labels that `trust` says are named from the true scenarios."""
    named = probability * trust.if_true + (1 - probability) * trust.if_false
    return _log_loss(named, labels)


def _log_loss(probability: Array, labels: Array) -> Array:
    p = np.clip(probability, _TINY, 1 - _TINY)
    loss: Array = -(labels * np.log(p) + (1 - labels) * np.log1p(-p)).sum(axis=1)
    return loss


def _f1(probability: Array, labels: Array) -> float:
    named, true = probability >= 0.5, labels >= 0.5
    hits = int((named & true).sum())
    return 2 * hits / max(1, 2 * hits + int((named != true).sum()))


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else 0.0


def _guesses(probability: Array) -> Array:
    guesses: Array = (probability == probability.max(axis=1, keepdims=True)).astype(np.float32)
    return guesses


def _variety(labels: Array) -> float:
    """Return how many equally frequent scenarios are as varied (exponential of the entropy)."""
    share = labels.sum(axis=0) / max(1.0, float(labels.sum()))
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))
