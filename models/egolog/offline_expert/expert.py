"""The offline expert: evidence over several minutes, weighed by a table of log-odds.

Each scenario is a two-state Markov chain (present or absent) that seldom changes from one window to
the next. The expert runs the forward pass of every chain (Rabiner, Proc. IEEE 1989, §III.A) with
the log-odds of the records' evidence, so several scenarios may be present together.

The result is combined with the record's own estimate by a logarithmic opinion pool (Genest &
Zidek, Statistical Science 1986): the expert decides where the network is in doubt and overrules a
confident one only on strong evidence. Alone, the expert is wrong as often as the network, but about
other windows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.egolog.offline_expert.evidence import ITEMS, SUREST_ODDS, evidence, log_odds
from models.labels import SCENARIOS
from models.network.windows import SCENARIO_WINDOW_S
from schemas.frames import NS
from schemas.scenario import OFFLINE_EXPERT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import Scenario

# Step of the chains, as they were trained.
STEP_NS = SCENARIO_WINDOW_S * NS
MAX_SCENARIOS = 3
# Below this no scenario is likely, and the expert gives no opinion.
MIN_PROBABILITY = 0.1
_REASONS = 3
_TABLE = "table.json"

Array = NDArray[np.float64]


class ExpertError(ValueError):
    """The expert's table does not fit the labels."""


@dataclass(frozen=True)
class Opinion:
    """The expert's opinion of a record.

    `scenarios` are those present, the likeliest first; empty if none is likely. `reason` states the
    evidence for the first.
    """

    scenarios: list[str]
    probabilities: dict[str, float]
    reason: str


@dataclass(frozen=True)
class Expert:
    """Log-odds `weights` (E, 16) of scenarios given evidence, `bias` (16,), and the chains.

    `stay` (16,) is the probability that a present scenario continues for another step, `start`
    (16,) that an absent one begins; scenarios of probability `name_above` or more are named.
    `own_share` is the weight of the belief beside the record's own estimate; 1: the belief alone.
    """

    weights: Array
    bias: Array
    stay: Array
    start: Array
    name_above: float
    revision: str
    own_share: float = 1.0

    @classmethod
    @cache
    def load(cls) -> Expert:
        """Return the shipped expert; raises `ExpertError`."""
        return cls.parse(
            (files("models.egolog.offline_expert") / _TABLE).read_text(encoding="utf-8")
        )

    @classmethod
    def parse(cls, text: str) -> Expert:
        """Parse a table written by training; raises `ExpertError`."""
        try:
            stored = json.loads(text)
            chains, rows = stored["chains"], stored["log_odds"]
            expert = cls(
                weights=np.array([rows[item] for item in ITEMS], float),
                bias=np.array(stored["bias"], float),
                stay=np.array([chains[name]["stay"] for name in SCENARIOS], float),
                start=np.array([chains[name]["start"] for name in SCENARIOS], float),
                name_above=float(stored["name_above"]),
                own_share=float(stored["own_share"]),
                revision=sha256(text.encode()).hexdigest()[:12],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ExpertError(f"the expert's table cannot be read: {error!r}") from error
        want = (len(ITEMS), len(SCENARIOS))
        if expert.weights.shape != want or expert.bias.shape != want[1:]:
            raise ExpertError(
                f"the expert's table has shapes {expert.weights.shape} and {expert.bias.shape}; "
                f"expected {want} and {want[1:]}"
            )
        return expert

    @property
    def name(self) -> str:
        """The expert's name in refined records."""
        return f"{OFFLINE_EXPERT} {self.revision}"

    @property
    def rest(self) -> Array:
        """The stationary probability (16,) of each scenario."""
        return self.start / (1.0 - self.stay + self.start)

    def judge(self, record: Scenario, before: Sequence[Scenario] = ()) -> Opinion:
        """Return the opinion of a record, given the records `before` it in order of time."""
        values = [evidence(each) for each in (*before, record)]
        starts = [each.start_ns for each in (*before, record)]
        belief = self.believe(np.array(values), np.array(starts))
        surest = float(_probability(belief).max())
        estimate = _estimate_log_odds(record, belief)
        probability = _probability(blend_log_odds(belief, estimate, self.own_share))
        order = np.argsort(-probability, kind="stable")[:MAX_SCENARIOS]
        named = {name: round(float(p), 4) for name, p in zip(SCENARIOS, probability, strict=True)}
        if surest < MIN_PROBABILITY:
            return Opinion([], named, f"the offline expert believes in nothing: {surest:.2f}")
        chosen = [SCENARIOS[at] for at in order if probability[at] >= self.name_above]
        first = SCENARIOS[order[0]]
        likely = float(probability[order[0]])
        return Opinion(chosen or [first], named, self._because(first, likely, values[-1]))

    def believe(self, values: Array, starts_ns: NDArray[np.int64]) -> Array:
        """Return the log-odds (16,) after evidence (T, E) of windows at `starts_ns` (T,)."""
        evidence_log_odds = values @ self.weights + self.bias  # (T, 16)
        probability = self.rest
        belief = np.zeros_like(self.bias)
        for number, evidence_odds in enumerate(evidence_log_odds):
            gap = 1 if number == 0 else int(starts_ns[number] - starts_ns[number - 1])
            for _ in range(max(1, round(gap / STEP_NS)) if number else 0):
                probability = probability * self.stay + (1.0 - probability) * self.start
            belief = np.log(probability) - np.log1p(-probability) + evidence_odds
            probability = _probability(belief)
        return belief

    def _because(self, scenario: str, probability: float, values: Array) -> str:
        contributions = values * self.weights[:, SCENARIOS.index(scenario)]
        strongest = [at for at in np.argsort(-contributions)[:_REASONS] if contributions[at] > 0]
        words = ", ".join(f"{ITEMS[at]} {contributions[at]:+.1f}" for at in strongest)
        return f"{scenario} {probability:.2f}: {words or 'the minutes before'}"


def blend_log_odds(belief: Array, estimate: Array, own_share: float) -> Array:
    """Return log-odds (..., 16) that weigh a belief with an estimate, both log-odds (..., 16)."""
    believed, estimated = (np.clip(odds, -SUREST_ODDS, SUREST_ODDS) for odds in (belief, estimate))
    weighed: Array = own_share * believed + (1.0 - own_share) * estimated
    return weighed


def _estimate_log_odds(record: Scenario, belief: Array) -> Array:
    """Return the log-odds (16,) of a record's estimate, the belief's for what it does not have."""
    known = record.scenarios
    return np.array(
        [
            log_odds(known[name]) if name in known else odds
            for name, odds in zip(SCENARIOS, belief, strict=True)
        ]
    )


def _probability(odds: Array) -> Array:
    probability: Array = 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
    return probability
