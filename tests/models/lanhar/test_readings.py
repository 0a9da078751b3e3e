from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.special import softmax

from models.lanhar.margins import CLAIMED, ReadingsConfig
from models.lanhar.readings import Readings
from models.lanhar.vocabulary import LabelEmbeddings, OpenVocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

EYE = np.eye(128, dtype=np.float32)
LEARNED = ("sitting", "walking")


def noisy(axis: int, count: int, seed: int = 0, size: float = 0.05) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    rows = EYE[axis] + rng.normal(0, size, (count, 128)).astype(np.float32)
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def make_readings(count: int = 200) -> Readings:
    """Readings of two activities about the axis of each."""
    of = tuple(name for name in LEARNED for _ in range(count))
    readings = Readings(ReadingsConfig(of, LEARNED))
    readings.learned.copy_(torch.from_numpy(EYE[:2]))
    readings.readings.copy_(torch.cat([noisy(axis, count, axis) for axis in range(2)]))
    return readings


def first(
    readings: Readings, names: tuple[str, ...], vectors: np.ndarray, of: torch.Tensor
) -> NDArray[np.str_]:
    """Return the first label of each reading, the last label being added."""
    likeness = of.double().numpy() @ vectors.T
    ranked = readings.margins(names, vectors, names[-1:]).adjust(likeness, of.double().numpy())
    return np.array(names)[ranked.argmax(axis=1)]


def test_an_added_label_claims_no_more_than_its_share_of_other_activities() -> None:
    # It lies between the two that were learned, nearer to their readings than most of its own are.
    between = ((EYE[0] + EYE[1]) / np.sqrt(2)).astype(np.float32)
    names, vectors = (*LEARNED, "fidgeting"), np.stack([EYE[0], EYE[1], between])
    readings = make_readings()
    others = readings.readings
    claims = first(readings, names, vectors, others) == "fidgeting"
    assert 0 < claims.mean() <= CLAIMED
    unseen = torch.cat([noisy(axis, 400, 10 + axis) for axis in range(2)])
    assert (first(readings, names, vectors, unseen) == "fidgeting").mean() < 2 * CLAIMED


def test_a_label_that_nothing_is_like_claims_what_lies_where_nothing_learned_does() -> None:
    names, vectors = (*LEARNED, "ironing"), np.stack([EYE[0], EYE[1], EYE[2]])
    # Its own windows lie nearer to a learned label than to their own, as those of no training do.
    rows = 0.55 * EYE[0] + 0.45 * EYE[2] + 0.02 * EYE[5]
    window = torch.from_numpy(rows / np.linalg.norm(rows))[None]
    assert (window @ torch.from_numpy(vectors).T).argmax() == 0
    assert first(make_readings(), names, vectors, window) == ["ironing"]


def test_labels_that_came_with_the_weights_rank_as_they_are_alike() -> None:
    likeness = np.array([[0.3, 0.2], [0.1, 0.9]])
    margins = make_readings().margins(LEARNED, EYE[:2])
    assert np.array_equal(margins.adjust(likeness, noisy(0, 2).numpy()), likeness)
    assert not len(margins.added)


def test_a_learned_label_that_is_described_anew_has_neither_readings_nor_rival_of_its_name() -> (
    None
):
    margins = make_readings().margins(LEARNED, EYE[:2], ["walking"])
    assert margins.added.tolist() == [1]
    assert margins.rivals.tolist() == [[True, False]]


def test_a_label_out_of_force_is_a_rival_unless_it_is_a_variant() -> None:
    far, near = 0.8, 0.95
    for likeness, rival in ((far, True), (near, False)):
        vector = (likeness * EYE[0] + np.sqrt(1 - likeness**2) * EYE[2]).astype(np.float32)
        margins = make_readings().margins(("sitting still",), vector[None], ["sitting still"])
        assert margins.rivals.tolist() == [[rival, True]]
        # In force it is one, however near.
        names = ("sitting still", "sitting")
        margins = make_readings().margins(names, np.stack([vector, EYE[0]]), names[:1])
        assert margins.rivals.tolist() == [[True, True]]


def test_without_readings_every_label_competes_as_it_is() -> None:
    margins = Readings().margins(("ironing", "walking"), EYE[:2], ["ironing"])
    likeness = np.array([[0.3, 0.2]])
    assert np.array_equal(margins.adjust(likeness, noisy(0, 1).numpy()), likeness)


def test_a_ranking_by_margins_is_one_of_probabilities() -> None:
    vectors = np.stack([EYE[0], (3 * EYE[0] + EYE[1]) / np.sqrt(10)])
    labels = LabelEmbeddings(("sitting", "ironing"), vectors.astype(np.float32))
    margins = make_readings().margins(labels.names, labels.vectors, ["ironing"])
    vocabulary = OpenVocabulary(lambda *_: EYE[0])
    plain, ranked = (
        dict(vocabulary.rank(np.zeros((300, 6), np.float32), labels, margins=each))
        for each in (None, margins)
    )
    assert sum(ranked.values()) == pytest.approx(1)
    likeness = (EYE[:1] @ labels.vectors.T).astype(np.float64)
    expected = softmax(margins.adjust(likeness, EYE[:1].astype(np.float64))[0] / 0.1)
    assert [ranked[name] for name in labels.names] == pytest.approx(expected.tolist())
    assert ranked != plain
