"""The open-vocabulary ranking of activity windows (LanHAR §3.6), as a batcher calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.serving.open_vocabulary import MotionReading
    from operators.label_set import Vocabulary
    from schemas.message import Probabilities
    from schemas.position import Place
    from streams.engine.batcher import Batcher
    from streams.engine.vocabulary.known_labels import KnownLabels

TOP = 5
DECIMALS = 4


class Ranker(Protocol):
    """The part of `models.serving.open_vocabulary.Lanhar` that is used here."""

    def read_all(
        self, windows: Sequence[tuple[NDArray[Any], float | None]]
    ) -> Sequence[MotionReading]:
        """Windows (N, 6) at 50 Hz in m/s² and rad/s, each with its posture → their readings."""

    def rank_reading(
        self,
        reading: MotionReading,
        labels: Vocabulary,
        posture: float | None,
        memory: Sequence[float],
        start_s: float,
        position: Place | None = None,
    ) -> tuple[Sequence[tuple[str, float]], tuple[float, ...]]:
        """A window's reading → every label's probability, and the memory."""


@dataclass(frozen=True)
class RankInput:
    """One activity window: `imu` (N, 6) at 50 Hz, and the labels known when it was submitted.

    `posture` is the cosine of the angle between gravity and the wearer's upright, None while that
    is unknown; `memory` is the evidence of the session's earlier windows, `start_s` the window's
    beginning, and `position` where the device is worn, None if unknown.

    LanHAR's windows have 6 s at 20 Hz; an activity window has 5 s, hence 100 samples instead of
    120. The network's statistics and its pooling work for any duration, so nothing is padded or
    repeated. Windows below 3 s show too little gait and are not ranked.
    """

    imu: NDArray[Any]
    labels: Vocabulary
    posture: float | None = None
    memory: Sequence[float] = ()
    start_s: float = 0.0
    position: Place | None = None


@dataclass(frozen=True)
class RankedLabels:
    """The five most probable labels of a window, best first, and the memory for the next one."""

    labels: Probabilities
    memory: Sequence[float] = ()


class Rankings:
    """Ranks windows; a ranking does not depend on the rest of its batch."""

    def __init__(self, ranker: Ranker) -> None:
        self._ranker = ranker

    def predict(self, items: Sequence[RankInput]) -> list[RankedLabels]:
        """Return the five most probable labels of each window with their probabilities."""
        labelled = [number for number, item in enumerate(items) if item.labels.names]
        readings = self._ranker.read_all([(items[n].imu, items[n].posture) for n in labelled])
        ranked = {
            number: self._rank(items[number], reading)
            for number, reading in zip(labelled, readings, strict=True)
        }
        return [ranked.get(n, RankedLabels({}, item.memory)) for n, item in enumerate(items)]

    def _rank(self, item: RankInput, reading: MotionReading) -> RankedLabels:
        pairs, memory = self._ranker.rank_reading(
            reading, item.labels, item.posture, item.memory, item.start_s, item.position
        )
        best = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:TOP]
        labels = {name: round(float(probability), DECIMALS) for name, probability in best}
        return RankedLabels(labels, memory)


@dataclass(frozen=True)
class Ranking:
    """A running worker's ranking: its labels, its batcher, and the revision of its weights."""

    labels: KnownLabels
    ranker: Batcher[RankInput, RankedLabels]
    revision: str
