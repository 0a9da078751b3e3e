import numpy as np
import pytest
import torch

from models.lanhar.label_table import LabelTable
from models.lanhar.sensor_encoder import SensorEncoder
from models.lanhar.text_encoder import WordEncoder
from models.lanhar.vocabulary import (
    LabelEmbeddings,
    OpenVocabulary,
    VocabularyError,
    embed_labels,
    embed_texts,
)
from tests.models.research.lanhar.motion import steps

EYE = np.eye(128, dtype=np.float32)
LABELS = LabelEmbeddings(("walking", "sitting", "ironing"), EYE[:3])


def vocabulary() -> OpenVocabulary:
    torch.manual_seed(0)
    return OpenVocabulary(SensorEncoder().eval().reading)


def motion(rows: int = 300) -> np.ndarray:
    return np.resize(steps(np.random.default_rng(0), 1.8, 2.0), (rows, 6))


def test_every_label_is_ranked_and_probabilities_add_up() -> None:
    found = vocabulary().rank(motion(), LABELS)
    assert {name for name, _ in found} == set(LABELS.names)
    assert sum(share for _, share in found) == pytest.approx(1)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)


def test_a_label_at_the_motions_own_vector_comes_first() -> None:
    known = vocabulary()
    vectors = np.stack([EYE[0], EYE[1], known.embed(motion())])
    assert known.rank(motion(), LabelEmbeddings(LABELS.names, vectors))[0][0] == "ironing"


def test_the_encoder_is_given_how_the_wearer_is_held() -> None:
    known = vocabulary()
    unknown = known.embed(motion())
    assert np.array_equal(known.embed(motion(), posture=None), unknown)
    upright, lying = (known.embed(motion(), posture=cosine) for cosine in (1.0, 0.0))
    assert not np.allclose(upright, unknown)
    assert not np.allclose(upright, lying)
    first = known.rank(motion(), LABELS, posture=0.0)
    assert first != known.rank(motion(), LABELS)


def test_no_labels_rank_nothing() -> None:
    assert vocabulary().rank(motion(), LabelEmbeddings((), EYE[:0])) == []


@pytest.mark.parametrize("shape", [(300,), (300, 3), (60, 6)])
def test_motion_of_another_shape_or_too_short_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(VocabularyError, match="motion has"):
        vocabulary().embed(np.zeros(shape, np.float32))


def test_a_missing_sample_does_not_spoil_the_ranking() -> None:
    holed = motion()
    holed[5] = np.nan
    assert np.isfinite(vocabulary().embed(holed)).all()


def test_labels_and_vectors_must_fit() -> None:
    with pytest.raises(VocabularyError, match="expected \\(2, 128\\)"):
        LabelEmbeddings(("a", "b"), EYE[:3])
    with pytest.raises(VocabularyError, match="'a' is there twice"):
        LabelEmbeddings(("a", "a"), EYE[:2])
    with pytest.raises(VocabularyError, match="'flying' is unknown"):
        LABELS.only(("flying",))


def test_some_labels_keep_their_vectors() -> None:
    assert np.array_equal(LABELS.only(("ironing", "walking")).vectors, EYE[[2, 0]])


def test_a_table_holds_what_it_was_made_of() -> None:
    held = LabelTable.of(LABELS).labels()
    assert held.names == LABELS.names
    assert np.array_equal(held.vectors, LABELS.vectors)


def test_descriptions_become_unit_vectors() -> None:
    torch.manual_seed(0)
    encoder = WordEncoder()
    found = embed_labels(encoder, ("walking", "lying"))
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    with pytest.raises(VocabularyError, match="empty"):
        embed_texts(encoder, [" "])
