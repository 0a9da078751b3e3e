"""Temporal filtering of activity labels: the forward pass of a hidden Markov model.

Five seconds of a still head do not show whether the wearer sits or stands, and hardly what the
hands do. The preceding minutes do: a wearer who sat down sits until standing up is observed, and an
activity continues. States are pairs of a label and a posture in which it is done; postures form a
continuous-time Markov chain, and a window's probabilities of the labels are observed (Rabiner
1989). The memory is state of the session in event time, so that a replay gives the same ranking.

A device on the head observes sitting down, standing up and walking, but a still head looks the same
in both postures. The errors of such windows are correlated for minutes and would outweigh an
observed change of posture, so on the head they do not count as evidence between sitting and
standing.

Because errors within a minute are correlated, the filter is overconfident. Its confidence is
therefore reduced to that of the last minute's windows by themselves: if each of them is ambiguous,
as in a pocket, so is their combination. How reliable a single window's confidence is depends on the
device's position, so the reduction does as well.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.network.windows import HAR_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.position import Place

Array = NDArray[np.float64]

# Indices of the three postures.
_SEATED, _ON_FOOT, _LYING = range(3)
HIDES_POSTURE = ("ear", "glasses", "head")
"""Positions at which a still wearer's posture, sitting or standing, cannot be observed."""
CHANGE_S = ((np.inf, 600.0, 600.0), (400.0, np.inf, 600.0), (300.0, 300.0, np.inf))
"""Mean duration of a posture, s: adults stand up sixty times a day (Dall & Kerr 2010)."""
SPELL_S = 160.0
"""Mean duration of a label within its posture, s, except on stairs."""
FLIGHT_S = 30.0
EVIDENCE = 2.0
"""Exponent of a window's probabilities, which training with label smoothing makes too uniform."""
ANNOUNCED = 0.5
"""Share of changes of posture within a window after which the window is labelled."""
MISTAKEN = 0.1
"""Falsely labelled changes of posture, per real change."""
PLAIN = 4.0
"""Odds of a posture's own label against any other label in that posture."""
SURE_S = 60.0
"""Time constant over which windows' confidence, their largest probability, is averaged, s."""
CONFIDENCE = 1.5
SURENESS = 1.75
"""Published probabilities are raised to `CONFIDENCE` · confidence ^ `SURENESS`."""
SHARPEST = 3.0
"""Largest such exponent. Between postures the windows of a still head count for nothing, so its
memory is underconfident."""
CONFIDENCE_AT: Mapping[Place, float] = MappingProxyType(
    {"ear": 1.0, "glasses": 12.0, "pocket": 1.2, "wrist": 1.25, "waist": 1.5}
)
"""`CONFIDENCE` by known position, fitted by `models.research.evaluation.motion.confidence`; a
pocket's by `models.research.lanhar.training.position_readout`, which learns from validation users.
"""

_BEGIN = (0.5, 0.45, 0.05)
_OWN = {"sitting": _SEATED, "standing": _ON_FOOT, "lying": _LYING}
# Lying down looks like sitting down on the way.
_CHANGES = {"sitting down": (_SEATED, _LYING), "standing up": (_ON_FOOT,)}
_STAIRS = ("going upstairs", "going downstairs")
DONE_SEATED = ("typing on a keyboard", "writing", "watching TV", "driving a car", "cycling")
DONE_ON_FOOT = (
    "walking",
    "running",
    "going upstairs",
    "going downstairs",
    "washing hands",
    "brushing teeth",
    "cleaning a room",
    "folding clothes",
)
"""Labels of one posture; all others but the postures' own are done in both."""
# Labels observable at every position; all others are done sitting or standing still.
_SHOWN = (*_CHANGES, *_STAIRS, "walking", "running", "cycling", "cleaning a room")
# Lower bound of a window's probabilities, so that no single window decides.
_LEAST_SHARE = 1e-5
_LONGEST_S = 7_200.0
# Numbers in a memory before the states' probabilities.
_HEAD = 3
_CACHED = 64


class LabelMemory:
    """Filters a session's labels among `names` (K,), which need not be known to this module.

    `confidence` and `confidence_at` replace `CONFIDENCE` and `CONFIDENCE_AT`.

    A memory is a sequence of numbers for checkpoints: the start of the last window, s, the decayed
    sum and number of the windows' confidences, and the probability of each state. An empty memory,
    or one of other labels, is uninformative.
    """

    def __init__(
        self,
        names: Sequence[str],
        confidence: float = CONFIDENCE,
        confidence_at: Mapping[Place, float] = CONFIDENCE_AT,
    ) -> None:
        self.names = tuple(names)
        self._confidence = confidence
        self._confidence_at = confidence_at
        self._label, self._posture = _states(self.names)
        still = np.array([self.names[own] not in _SHOWN for own in self._label], bool)
        self._hidden = [still & (self._posture == each) for each in (_SEATED, _ON_FOOT)]

    def after(
        self,
        memory: Sequence[float],
        start_s: float,
        shares: NDArray[Any],
        position: Place | None = None,
    ) -> tuple[float, ...]:
        """Return the memory updated by a window that starts at `start_s`.

        `shares` (K,) are the window's probabilities of the labels; `position` is the device's, None
        if unknown.
        """
        if not self.names:
            return ()
        sure = count = 0.0
        if len(memory) == _HEAD + len(self._label):
            before_s, sure, count, *states = memory
            passed = round(min(max(start_s - before_s, 0.0), _LONGEST_S), 1)
            expected = np.array(states) @ _transitions(self.names, passed)  # (S,)
            fades = float(np.exp(-passed / SURE_S))
            sure, count = sure * fades, count * fades
        else:
            expected = _begin(self._posture)
        seen = np.maximum(shares[self._label], _LEAST_SHARE) ** EVIDENCE
        belief = expected * seen
        if position in HIDES_POSTURE:
            belief = self._without_posture(expected, belief)
        sure += float(shares.max())
        return (start_s, sure, count + 1, *(belief / belief.sum()).tolist())

    def _without_posture(self, expected: Array, belief: Array) -> Array:
        """Return the belief (S,) without the evidence of a still wearer's posture.

        The probability of being still, and those of labels within a posture, are unchanged.
        """
        before = np.array([expected[states].sum() for states in self._hidden])  # seated, on foot
        after = np.array([belief[states].sum() for states in self._hidden])
        if not (before > 0).all():
            return belief
        plainly = belief.copy()
        for states, share, own in zip(self._hidden, before / before.sum(), after, strict=True):
            plainly[states] *= share * after.sum() / own
        return plainly

    def shares(self, memory: Sequence[float], position: Place | None = None) -> Array:
        """Return the probability (K,) of each label in the last window of a memory.

        `position` is the device's, None if unknown.
        """
        _, sure, count, *states = memory
        confidence = self._confidence
        if position is not None:
            confidence = self._confidence_at.get(position, confidence)
        power = min(confidence * (sure / count) ** SURENESS, SHARPEST)
        each = np.bincount(self._label, np.array(states), len(self.names)) ** power
        shares: Array = each / each.sum()
        return shares


def _states(names: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the label and the posture of each state; a label of no known posture has two."""
    states = []
    for label, name in enumerate(names):
        if name in _OWN:
            states.append((label, _OWN[name]))
        elif name in _CHANGES:
            states += [(label, posture) for posture in _CHANGES[name]]
        else:
            states += [(label, _SEATED)] if name not in DONE_ON_FOOT else []
            states += [(label, _ON_FOOT)] if name not in DONE_SEATED else []
    labels, postures = np.array(states, np.intp).reshape(-1, 2).T
    return labels, postures


@lru_cache(_CACHED)
def _transitions(names: tuple[str, ...], passed_s: float) -> Array:
    """Return the probabilities (S, S) from each state to each after `passed_s`."""
    # A change between two windows is in neither of them.
    unseen_s = round(max(passed_s - HAR_WINDOW_S, 0.0), 1)
    rows = _became(names, passed_s - unseen_s, ANNOUNCED, MISTAKEN)
    return _became(names, unseen_s, 0.0, 0.0) @ rows if unseen_s else rows


def _became(names: tuple[str, ...], passed_s: float, announced: float, mistaken: float) -> Array:
    """Return `_transitions` for given rates of `announced` and `mistaken` changes of posture."""
    label, posture = _states(names)
    among, changes = _among(names)
    becomes = _postures(passed_s)
    rows = np.zeros((len(label), len(label)))
    for state, (own, now) in enumerate(zip(label, posture, strict=True)):
        # A change of posture lasts less than a window.
        spell_s = FLIGHT_S if names[own] in _STAIRS else SPELL_S
        same = 0.0 if names[own] in _CHANGES else np.exp(-passed_s / spell_s)
        stays = (1 - same) * among[now]
        stays[state] += same
        leaves = 1 - becomes[now, now]
        rows[state] = becomes[now, now] * _mix_changes(stays, changes[now], mistaken * leaves)
        for other in (_SEATED, _ON_FOOT, _LYING):
            arrives = _mix_changes(among[other], changes[other], announced)
            rows[state] += 0.0 if other == now else becomes[now, other] * arrives
    return rows


def _postures(passed_s: float) -> Array:
    """Return the transition probabilities (3, 3) of postures after `passed_s`."""
    rates = 1 / np.array(CHANGE_S)
    # The matrix exponential by its eigenvalues, which are real and distinct, so that a worker need
    # not import scipy.linalg. numpy 2.5 returns them as complex numbers all the same.
    values, vectors = (each.real for each in np.linalg.eig(rates - np.diag(rates.sum(axis=1))))
    becomes: Array = (vectors * np.exp(passed_s * values)) @ np.linalg.inv(vectors)
    return np.maximum(becomes, 0.0)


def _among(names: tuple[str, ...]) -> tuple[list[Array], list[Array]]:
    """Return, per posture, the shares (S,) of its labels, and of the changes that lead to it."""
    label, posture = _states(names)
    change = np.array([names[own] in _CHANGES for own in label], bool)
    weight = np.array([PLAIN if names[own] in _OWN else 1.0 for own in label])
    among, changes = [], []
    for number in (_SEATED, _ON_FOOT, _LYING):
        its = weight * ((posture == number) & ~change)
        among.append(its / its.sum() if its.any() else np.full(len(label), 1 / len(label)))
        changes.append(1.0 * ((posture == number) & change))
    return among, changes


def _mix_changes(plainly: Array, change: Array, share: float) -> Array:
    return (1 - share) * plainly + share * change if change.any() else plainly


def _begin(posture: NDArray[np.intp]) -> Array:
    often = np.bincount(posture, minlength=3)
    begin = np.array(_BEGIN)[posture] / often[posture]
    whole: Array = begin / begin.sum()
    return whole
