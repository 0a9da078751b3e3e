from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.serving.open_vocabulary import MotionReading
from operators.label_set import Vocabulary
from streams.engine.vocabulary.ranking import Rankings, RankInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from schemas.position import Place

IMU = np.zeros((250, 6), dtype=np.float32)


class Likeness:
    """Ranks by the label vectors' likeness to the mean of the motion, softly."""

    def read_all(self, windows: Sequence[tuple[NDArray[Any], float | None]]) -> list[MotionReading]:
        return [MotionReading(imu.mean(axis=0), np.zeros(0, np.float32)) for imu, _ in windows]

    def rank_reading(
        self,
        reading: MotionReading,
        labels: Vocabulary,
        posture: float | None,
        memory: Sequence[float],
        start_s: float,
        position: Place | None = None,
    ) -> tuple[Sequence[tuple[str, float]], tuple[float, ...]]:
        after = (*memory, start_s)
        if posture is not None:
            return [(name, posture / 2**place) for place, name in enumerate(labels.names)], after
        scores = np.exp(labels.vectors @ reading.vector[: labels.vectors.shape[1]])
        return list(zip(labels.names, scores / scores.sum(), strict=True)), after


def vocabulary(*names: str) -> Vocabulary:
    axes = np.eye(6, dtype=np.float32)
    return Vocabulary.of({name: axes[n % 6] for n, name in enumerate(names)}, 6)


def rank(imu: NDArray[Any], labels: Vocabulary) -> dict[str, float]:
    [found] = Rankings(Likeness()).predict([RankInput(imu, labels)])
    return dict(found.labels)


def test_a_ranking_is_the_five_best_labels_best_first() -> None:
    imu = IMU + np.array([0, 1, 5, 3, 2, 4])
    found = rank(imu, vocabulary("a", "b", "c", "d", "e", "f"))
    assert list(found) == ["c", "f", "d", "e", "b"]
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_fewer_labels_than_five_are_all_ranked_and_sum_to_one() -> None:
    found = rank(IMU + 1, vocabulary("a", "b", "c"))
    assert list(found) == ["a", "b", "c"]
    assert abs(sum(found.values()) - 1) < 0.001


def test_without_labels_there_is_no_ranking() -> None:
    assert rank(IMU, vocabulary()) == {}


def test_each_window_is_ranked_by_the_labels_of_its_own_moment() -> None:
    first, second = vocabulary("walking"), vocabulary("ironing", "walking")
    items = [RankInput(IMU, first), RankInput(IMU, second)]
    assert [list(found.labels) for found in Rankings(Likeness()).predict(items)] == [
        ["walking"],
        ["ironing", "walking"],
    ]


def test_a_window_is_ranked_with_the_wearers_upright_where_it_is_known() -> None:
    items = [RankInput(IMU, vocabulary("a", "b"), posture) for posture in (None, 0.5)]
    unknown, known = Rankings(Likeness()).predict(items)
    assert unknown.labels == {"a": 0.5, "b": 0.5}
    assert known.labels == {"a": 0.5, "b": 0.25}


def test_a_ranking_hands_on_what_was_remembered() -> None:
    item = RankInput(IMU, vocabulary("a"), memory=(1.0,), start_s=5.0)
    none = RankInput(IMU, vocabulary(), memory=(1.0,), start_s=5.0)
    after, same = Rankings(Likeness()).predict([item, none])
    assert after.memory == (1.0, 5.0)
    assert same.memory == (1.0,)
