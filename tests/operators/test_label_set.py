from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operators.label_set import LabelSet, Vocabulary
from schemas import ActivityLabel, Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

REVISION = "weights-1"


def axis(index: int) -> NDArray[np.float32]:
    row: NDArray[np.float32] = np.eye(8, dtype=np.float32)[index]
    return row


SHIPPED = {"walking": axis(0), "sitting": axis(1), "watching TV": axis(2)}


def added_label(name: str, index: int, revision: str = REVISION) -> ActivityLabel:
    return ActivityLabel(name=name, vector=Vector.of(axis(index)), revision=revision)


def removed_label(name: str) -> ActivityLabel:
    return ActivityLabel(name=name, vector=None, revision=REVISION)


@pytest.fixture
def labels() -> LabelSet:
    return LabelSet(SHIPPED, REVISION)


def test_without_changes_the_shipped_labels_are_in_force(labels: LabelSet) -> None:
    vocabulary = labels.vocabulary()
    assert vocabulary.names == ("sitting", "walking", "watching TV")
    assert np.array_equal(vocabulary.vectors, [axis(1), axis(0), axis(2)])


def test_an_added_label_is_in_force_until_it_is_removed(labels: LabelSet) -> None:
    before = labels.vocabulary()
    labels.push("ironing", added_label("ironing", 3))
    assert labels.vocabulary().names == ("ironing", "sitting", "walking", "watching TV")
    assert labels.state("ironing") == "added"
    labels.push("ironing", None)
    assert labels.vocabulary().revision == before.revision
    assert labels.state("ironing") is None


def test_a_shipped_label_is_removed_by_a_message_and_comes_back_by_a_tombstone(
    labels: LabelSet,
) -> None:
    labels.push("watching tv", removed_label("watching TV"))
    assert labels.vocabulary().names == ("sitting", "walking")
    assert labels.states()["watching TV"] == "removed"
    labels.push("watching tv", None)
    assert labels.state("watching tv") == "shipped"


def test_a_shipped_label_can_be_described_anew(labels: LabelSet) -> None:
    labels.push("walking", added_label("Walking", 5))
    vocabulary = labels.vocabulary()
    assert "walking" not in vocabulary.names
    assert np.array_equal(vocabulary.vectors[vocabulary.names.index("Walking")], axis(5))


def test_a_vector_of_other_weights_is_never_ranked(labels: LabelSet) -> None:
    before = labels.vocabulary()
    labels.push("ironing", added_label("ironing", 3, revision="weights-0"))
    labels.push("walking", added_label("walking", 3, revision="weights-0"))
    assert labels.vocabulary().revision == before.revision
    assert labels.states()["ironing"] == "other weights"
    assert labels.states()["walking"] == "shipped"


def test_a_vector_of_another_width_is_never_ranked(labels: LabelSet) -> None:
    wide = ActivityLabel(name="x", vector=Vector.of(np.eye(16)[0]), revision=REVISION)
    labels.push("x", wide)
    assert labels.vocabulary().vectors.shape == (3, 8)


def test_the_revision_does_not_depend_on_the_order_of_the_changes() -> None:
    changes = [
        ("ironing", added_label("ironing", 3)),
        ("walking", removed_label("walking")),
        ("folding", added_label("folding", 4)),
    ]
    found = set()
    for order in itertools.permutations(changes):
        labels = LabelSet(SHIPPED, REVISION)
        for key, change in order:
            labels.push(key, change)
        found.add((labels.vocabulary().names, labels.vocabulary().revision))
    assert len(found) == 1


def test_names_and_vectors_both_decide_the_revision() -> None:
    plain = Vocabulary.of({"a": axis(0)}, 8)
    assert plain.revision != Vocabulary.of({"b": axis(0)}, 8).revision
    assert plain.revision != Vocabulary.of({"a": axis(1)}, 8).revision
    assert plain.revision == Vocabulary.of({"a": axis(0)}, 8).revision


def test_a_label_that_was_added_is_described_and_that_decides_the_revision(
    labels: LabelSet,
) -> None:
    assert labels.vocabulary().described == frozenset()
    before = labels.vocabulary().revision
    labels.push("ironing", added_label("ironing", 3))
    assert labels.vocabulary().described == {"ironing"}
    labels.push("ironing", None)
    labels.push("walking", added_label("walking", 0))
    anew = labels.vocabulary()
    assert (anew.described, anew.names) == ({"walking"}, ("sitting", "walking", "watching TV"))
    assert anew.revision != before


def test_every_label_can_be_removed(labels: LabelSet) -> None:
    for name in SHIPPED:
        labels.push(name.casefold(), removed_label(name))
    assert labels.vocabulary().names == ()
    assert labels.vocabulary().vectors.shape == (0, 8)


def test_the_states_are_those_of_every_label_in_alphabetical_order(labels: LabelSet) -> None:
    labels.push("watching tv", removed_label("watching TV"))
    labels.push("ironing", added_label("Ironing", 3))
    labels.push("folding", added_label("folding", 4, revision="weights-0"))
    assert list(labels.states().items()) == [
        ("folding", "other weights"),
        ("Ironing", "added"),
        ("sitting", "shipped"),
        ("walking", "shipped"),
        ("watching TV", "removed"),
    ]


def test_a_label_goes_by_the_newest_name_that_was_given(labels: LabelSet) -> None:
    assert labels.name("watching tv") == "watching TV"
    labels.push("watching tv", added_label("Watching tv", 3))
    labels.push("ironing", added_label("Ironing", 3))
    assert labels.name("watching tv") == "Watching tv"
    assert labels.name("ironing") == "Ironing"
    with pytest.raises(KeyError):
        labels.name("unheard of")


def test_what_the_topic_says_is_kept_until_its_tombstone(labels: LabelSet) -> None:
    change = added_label("walking", 5)
    labels.push("walking", change)
    assert labels.change("walking") is change
    assert labels.change("sitting") is None
    labels.push("walking", None)
    labels.push("walking", None)
    assert labels.change("walking") is None


def test_the_weights_know_their_labels_removed_or_not(labels: LabelSet) -> None:
    labels.push("walking", removed_label("walking"))
    labels.push("ironing", added_label("ironing", 3))
    assert [labels.is_shipped(key) for key in ("walking", "sitting", "ironing")] == [
        True,
        True,
        False,
    ]


def test_a_removed_label_that_nobody_ships_is_removed(labels: LabelSet) -> None:
    labels.push("ironing", removed_label("ironing"))
    assert labels.state("ironing") == "removed"


def test_without_shipped_labels_nothing_is_ranked() -> None:
    labels = LabelSet({}, REVISION)
    labels.push("ironing", added_label("ironing", 3))
    assert labels.revision == REVISION
    assert labels.vocabulary().vectors.shape == (0, 0)
    assert labels.state("ironing") == "other weights"


def test_a_revision_is_twelve_digits_of_the_names_and_the_vectors() -> None:
    vocabulary = Vocabulary.of({"B": axis(1), "a": axis(0)}, 8)
    assert vocabulary.names == ("a", "B")
    assert vocabulary.vectors.dtype == np.float32
    digest = hashlib.sha256(b"a\0B" + np.eye(8, dtype="<f4")[:2].tobytes()).hexdigest()
    assert vocabulary.revision == digest[:12]
