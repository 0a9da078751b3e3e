"""Iterative re-generation: interpretations far from their activity's others are asked for again
and taken only where that tightens the cluster (LanHAR §3.3.3).

It uses labels, so it is for source data only. The template interpreter rephrases at another level
of detail; an endpoint gets the correction prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lanhar.interpretation.template_interpreter import (
    DETAILS,
    interpret_by_template,
)

if TYPE_CHECKING:
    from models.research.lanhar.interpretation.analysis import Analysis

Embed = Callable[[list[str]], NDArray[np.float32]]
"""Texts to unit vectors (N, E)."""
Again = Callable[[list[int], list[Interpretation], int], list[Interpretation | None]]
"""Windows' places, what was said of them last and the round, to new ones; None where none came."""


@dataclass(frozen=True)
class RegenerateConfig:
    """`threshold` is the minimum change of the mean distance within clusters (§4.1.5).

    `outliers` is the maximum share of an activity's windows that are regenerated in a round. The
    run stops after `patience` rounds without a change, or after `rounds`.
    """

    threshold: float = 0.0005
    outliers: float = 0.1
    clusters: int = 2
    rounds: int = 10
    patience: int = 2
    seed: int = 0


@dataclass(frozen=True)
class ActivityReport:
    """One activity: distances are means over its windows, in cosine distance to their centre."""

    label: str
    windows: int
    asked: int
    accepted: int
    failed: int
    windows_asked: int
    distance_before: float
    distance_after: float


@dataclass(frozen=True)
class RegenerateReport:
    """The result of re-generation; `inaccurate` is the share of windows that were regenerated."""

    rounds: int
    stopped: str
    activities: list[ActivityReport] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Number of repeated requests."""
        return sum(one.asked for one in self.activities)

    @property
    def accepted(self) -> int:
        """Number of accepted new interpretations."""
        return sum(one.accepted for one in self.activities)

    @property
    def inaccurate(self) -> float:
        """Share of windows that were outliers at least once; the paper reports 13.30 %."""
        windows = sum(one.windows for one in self.activities)
        return sum(one.windows_asked for one in self.activities) / max(windows, 1)

    def __str__(self) -> str:
        before, after = (
            np.average(
                [getattr(one, f"distance_{when}") for one in self.activities],
                weights=[one.windows for one in self.activities],
            )
            if self.activities
            else 0.0
            for when in ("before", "after")
        )
        return (
            f"{self.asked} asked again about {100 * self.inaccurate:.2f} % of the windows, "
            f"{self.accepted} accepted in {self.rounds} rounds ({self.stopped}); mean distance "
            f"within clusters {before:.4f} to {after:.4f}"
        )


def regenerate(
    interpretations: Sequence[Interpretation],
    labels: NDArray[np.str_],
    embed: Embed,
    again: Again,
    config: RegenerateConfig = RegenerateConfig(),
) -> tuple[list[Interpretation], RegenerateReport]:
    """Return the interpretations of (N,) labelled windows after re-generation, and a report.

    Raises `ValueError` unless there is one interpretation for each label.
    """
    if len(interpretations) != len(labels):
        raise ValueError(f"{len(interpretations)} interpretations for {len(labels)} labels")
    accepted = list(interpretations)
    vectors = np.asarray(embed([one.text for one in accepted]), np.float64)
    groups = {
        str(label): _Group.of(np.flatnonzero(labels == label), vectors, config)
        for label in np.unique(labels)
    }
    latest = list(accepted)
    before, quiet, rounds, stopped = _distance(groups), 0, 0, "rounds used up"
    for number in range(config.rounds):
        rounds = number + 1
        chosen = [(group, place) for group in groups.values() for place in group.outliers()]
        if not chosen:
            stopped = "no outliers left"
            break
        places = [int(group.members[place]) for group, place in chosen]
        answers = again(places, [latest[place] for place in places], number)
        texts = [new.text if new else "" for new in answers]
        fresh = np.asarray(embed(texts), np.float64)
        for (group, place), new, vector in zip(chosen, answers, fresh, strict=True):
            group.count(place, new is None)
            if new is None:
                continue
            whole = int(group.members[place])
            latest[whole] = new
            if group.accept(place, vector):
                accepted[whole] = new
        after = _distance(groups)
        quiet = quiet + 1 if abs(before - after) < config.threshold else 0
        before = after
        if quiet >= config.patience:
            stopped = f"change below {config.threshold:g} for {quiet} rounds"
            break
    reports = [group.report(label) for label, group in groups.items()]
    return accepted, RegenerateReport(rounds, stopped, reports)


def rephrase(analyses: Sequence[Analysis], seed: int = 0) -> Again:
    """Return an `Again` that rephrases by template, at another level of detail."""

    def again(
        places: list[int], last: list[Interpretation], number: int
    ) -> list[Interpretation | None]:
        answers: list[Interpretation | None] = []
        for place, interpretation in zip(places, last, strict=True):
            detail = DETAILS[(DETAILS.index(interpretation.detail) + 1) % len(DETAILS)]
            rng = default_rng((seed, place, number + 1))
            answers.append(interpret_by_template(analyses[place], detail, rng))
        return answers

    return again


class _Group:
    """One activity's windows: their vectors, clusters and requests."""

    def __init__(
        self, members: NDArray[np.intp], vectors: NDArray[np.float64], config: RegenerateConfig
    ) -> None:
        self.members = members
        self._vectors = vectors
        self._config = config
        self._cluster = _clusters(vectors, config)
        self._asked = np.zeros(len(members), int)
        self._accepted = self._failed = 0
        self._first = self.distance()

    @classmethod
    def of(
        cls, members: NDArray[np.intp], vectors: NDArray[np.float64], config: RegenerateConfig
    ) -> _Group:
        return cls(members, vectors[members].copy(), config)

    def distance(self) -> float:
        """Return the mean distance within the clusters."""
        return float(self._distances().mean()) if len(self.members) else 0.0

    def outliers(self) -> list[int]:
        """Return the windows farthest from their centre, beyond the mean distance."""
        distances = self._distances()
        most = max(1, round(self._config.outliers * len(distances)))
        order = np.argsort(-distances, kind="stable")[:most]
        above = distances[order] > distances.mean() + 1e-9
        return [int(place) for place in order[above]]

    def count(self, place: int, failed: bool) -> None:
        """Note that a window was regenerated."""
        self._asked[place] += 1
        self._failed += failed

    def accept(self, place: int, vector: NDArray[np.float64]) -> bool:
        """Accept a new vector if it tightens its cluster, whose centre is updated."""
        cluster = self._cluster == self._cluster[place]
        before = _spread(self._vectors[cluster])
        old = self._vectors[place].copy()
        self._vectors[place] = vector
        if _spread(self._vectors[cluster]) < before - 1e-9:
            self._accepted += 1
            return True
        self._vectors[place] = old
        return False

    def report(self, label: str) -> ActivityReport:
        """Return the result for the activity."""
        return ActivityReport(
            label=label,
            windows=len(self.members),
            asked=int(self._asked.sum()),
            accepted=self._accepted,
            failed=self._failed,
            windows_asked=int((self._asked > 0).sum()),
            distance_before=self._first,
            distance_after=self.distance(),
        )

    def _distances(self) -> NDArray[np.float64]:
        distances = np.empty(len(self.members))
        for cluster in np.unique(self._cluster):
            inside = self._cluster == cluster
            distances[inside] = _to_centre(self._vectors[inside])
        return distances


def _clusters(vectors: NDArray[np.float64], config: RegenerateConfig) -> NDArray[np.intp]:
    # A cluster of fewer than ten windows is too small to define outliers.
    count = min(config.clusters, len(vectors) // 10)
    if count < 2:
        return np.zeros(len(vectors), np.intp)
    _, cluster = kmeans2(vectors, count, minit="++", rng=default_rng(config.seed))
    return np.asarray(cluster, np.intp)


def _to_centre(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    centre = vectors.mean(axis=0)
    length = float(np.linalg.norm(centre))
    distance: NDArray[np.float64] = 1 - vectors @ centre / max(length, 1e-9)
    return distance


def _spread(vectors: NDArray[np.float64]) -> float:
    return float(_to_centre(vectors).mean())


def _distance(groups: dict[str, _Group]) -> float:
    total = sum(group.distance() * len(group.members) for group in groups.values())
    return total / max(sum(len(group.members) for group in groups.values()), 1)
