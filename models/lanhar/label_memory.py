"""What a wearer's windows before say of the next one's label: a hidden Markov model's forward pass.

Five seconds of a head that keeps still do not show whether its wearer sits or stands, and hardly
what the hands do. The minutes before do: who sat down sits until standing up is seen, and an
activity goes on. The states are labels, each in the postures that it is done in, and a posture is
a Markov chain in continuous time; a window's shares among the labels are what is observed (Rabiner
1989). It is a state of the session in event time: the windows before decide it and nothing else, so
that a replay ranks alike.

A device on the head sees its wearer rise and sit down, and walk, but whoever keeps still keeps
their head alike on a chair and on their feet. What such windows say there of sitting or standing
errs alike for minutes, so that it outweighs the rising that was seen; of a device on the head it
counts for nothing.

Windows of one minute err alike, so that what is remembered is surer than it is right. It is
published as sure as the windows of the last minute are by themselves: where each of them leaves
open what it shows, as in a pocket, all of them together do too. How sure a window is by itself says
more in one place than in another, so that it is weighed by where the device is.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.position import Place

Array = NDArray[np.float64]

# What follows says of three postures, in this order.
_SEATED, _ON_FOOT, _LYING = range(3)
HIDES_POSTURE = ("ear", "glasses", "head")
"""Where a device is worn that does not show whether a wearer who keeps still is seated."""
CHANGE_S = ((np.inf, 600.0, 600.0), (400.0, np.inf, 600.0), (300.0, 300.0, np.inf))
"""Mean time until a posture becomes another: adults rise sixty times a day (Dall & Kerr 2010)."""
WINDOW_S = 5.0
"""What a window shows; a change in the time between two is seen by nobody."""
SPELL_S = 160.0
"""How long a label lasts within its posture, but for a flight of stairs."""
FLIGHT_S = 30.0
EVIDENCE = 2.0
"""Power of a window's shares: training smooths them, so that they say less than they know."""
ANNOUNCED = 0.5
"""Share of the changes of posture within a window that it is named after."""
MISTAKEN = 0.1
"""Changes that windows are named after and nobody made, for each that somebody did."""
PLAIN = 4.0
"""How much likelier a posture's own label is than any other that is done in it."""
SURE_S = 60.0
"""How long a window's sureness, its largest share, counts."""
CONFIDENCE = 1.5
SURENESS = 1.75
"""What is remembered is published to the power `CONFIDENCE` · sureness ^ `SURENESS`, 1 at most."""
CONFIDENCE_AT: Mapping[Place, float] = MappingProxyType(
    {"ear": 1.0, "glasses": 4.0, "pocket": 1.25, "wrist": 1.25, "waist": 1.5}
)
"""`CONFIDENCE` where a device is known to be, by `models.research.evaluation.confidence`."""

_BEGIN = (0.5, 0.45, 0.05)
_OWN = {"sitting": _SEATED, "standing": _ON_FOOT, "lying": _LYING}
# Whoever lies down sits down on the way, to the eye of a device.
_CHANGES = {"sitting down": (_SEATED, _LYING), "standing up": (_ON_FOOT,)}
_STAIRS = ("going upstairs", "going downstairs")
_DONE_SEATED = ("typing on a keyboard", "writing", "watching TV", "driving a car", "cycling")
_DONE_ON_FOOT = (
    "walking",
    "running",
    "going upstairs",
    "going downstairs",
    "washing hands",
    "brushing teeth",
    "cleaning a room",
    "folding clothes",
)
# What shows wherever a device is worn; all else is done standing or sitting still.
_SHOWN = (*_CHANGES, *_STAIRS, "walking", "running", "cycling", "cleaning a room")
# No window decides alone.
_LEAST_SHARE = 1e-5
_LONGEST_S = 7_200.0
# Numbers of a memory before those of its states.
_HEAD = 3
_CACHED = 64


class LabelMemory:
    """Remembers a session's labels among `names` (K,); any may be missing or unknown here.

    `confidence` is in the place of `CONFIDENCE`, and `confidence_at` in that of `CONFIDENCE_AT`.

    A memory is a sequence of numbers that a checkpoint keeps: when the last window began, s, how
    sure the windows were and how many they are, both faded, and the probability of each state. An
    empty one, or one of other labels, knows nothing.
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
        """Return the memory that has also seen a window that began at `start_s`.

        `shares` (K,) are the window's among the labels, `position` is where its device was worn,
        None where nobody knows.
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
        """Return the belief (S,) as if what is seen of a still wearer told no posture.

        Labels in a posture, and keeping still beside all else, are as likely as before.
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

        `position` is where its device was worn, None where nobody knows.
        """
        _, sure, count, *states = memory
        confidence = self._confidence
        if position is not None:
            confidence = self._confidence_at.get(position, confidence)
        power = min(confidence * (sure / count) ** SURENESS, 1.0)
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
            states += [(label, _SEATED)] if name not in _DONE_ON_FOOT else []
            states += [(label, _ON_FOOT)] if name not in _DONE_SEATED else []
    labels, postures = np.array(states, np.intp).reshape(-1, 2).T
    return labels, postures


@lru_cache(_CACHED)
def _transitions(names: tuple[str, ...], passed_s: float) -> Array:
    """Return the probabilities (S, S) from each state to each after `passed_s`."""
    unseen_s = round(max(passed_s - WINDOW_S, 0.0), 1)
    rows = _became(names, passed_s - unseen_s, ANNOUNCED, MISTAKEN)
    return _became(names, unseen_s, 0.0, 0.0) @ rows if unseen_s else rows


def _became(names: tuple[str, ...], passed_s: float, announced: float, mistaken: float) -> Array:
    """Return `_transitions` of a time whose changes are `announced` and `mistaken` so often."""
    label, posture = _states(names)
    among, changes = _among(names)
    becomes = _postures(passed_s)
    rows = np.zeros((len(label), len(label)))
    for state, (own, now) in enumerate(zip(label, posture, strict=True)):
        # A change is over within a window.
        spell_s = FLIGHT_S if names[own] in _STAIRS else SPELL_S
        same = 0.0 if names[own] in _CHANGES else np.exp(-passed_s / spell_s)
        stays = (1 - same) * among[now]
        stays[state] += same
        leaves = 1 - becomes[now, now]
        rows[state] = becomes[now, now] * _announced(stays, changes[now], mistaken * leaves)
        for other in (_SEATED, _ON_FOOT, _LYING):
            arrives = _announced(among[other], changes[other], announced)
            rows[state] += 0.0 if other == now else becomes[now, other] * arrives
    return rows


def _postures(passed_s: float) -> Array:
    """Return the probabilities (3, 3) from each posture to each, any changes between included."""
    rates = 1 / np.array(CHANGE_S)
    # By its eigenvalues, which are real and apart: a worker does without all of scipy.linalg.
    values, vectors = np.linalg.eig(rates - np.diag(rates.sum(axis=1)))
    becomes: Array = (vectors * np.exp(passed_s * values)) @ np.linalg.inv(vectors)
    return np.maximum(becomes, 0.0)


def _among(names: tuple[str, ...]) -> tuple[list[Array], list[Array]]:
    """Return for each posture the shares (S,) of its labels, and of the changes that lead to it."""
    label, posture = _states(names)
    change = np.array([names[own] in _CHANGES for own in label], bool)
    weight = np.array([PLAIN if names[own] in _OWN else 1.0 for own in label])
    among, changes = [], []
    for number in (_SEATED, _ON_FOOT, _LYING):
        its = weight * ((posture == number) & ~change)
        among.append(its / its.sum() if its.any() else np.full(len(label), 1 / len(label)))
        changes.append(1.0 * ((posture == number) & change))
    return among, changes


def _announced(plainly: Array, change: Array, share: float) -> Array:
    return (1 - share) * plainly + share * change if change.any() else plainly


def _begin(posture: NDArray[np.intp]) -> Array:
    often = np.bincount(posture, minlength=3)
    begin = np.array(_BEGIN)[posture] / often[posture]
    whole: Array = begin / begin.sum()
    return whole
