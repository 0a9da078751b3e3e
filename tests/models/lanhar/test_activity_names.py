from __future__ import annotations

import numpy as np
import pytest

from models.labels import ACTIVITIES
from models.lanhar.activity_names import (
    CANONICAL,
    CATEGORIES,
    LABEL_SETS,
    canonical,
    canonicals,
    category,
    classes,
    in_set,
    still,
)


def test_every_data_sets_name_for_an_activity_is_one_name() -> None:
    assert {canonical(name) for name in ("WALKING_UPSTAIRS", "stairsup", "ups", "upsatirs")} == {
        "going upstairs"
    }
    assert {canonical(name) for name in ("jog", "jogging", "running")} == {"running"}
    assert canonical("  folding   laundry ") == canonical("folding") == "folding clothes"


def test_a_names_case_does_not_matter() -> None:
    assert [canonical(n) for n in ("WALKING", "Sitting", "NORDIC WALKING", "Watching TV")] == [
        "walking",
        "sitting",
        "Nordic walking",
        "watching TV",
    ]


def test_a_name_that_is_not_listed_stays() -> None:
    assert canonical("ironing") == "ironing"
    assert canonicals(["sit", "juggling", "sit"]).tolist() == ["sitting", "juggling", "sitting"]


def test_canonical_names_map_to_themselves() -> None:
    for name in set(CANONICAL.values()):
        assert canonical(name) == name


def test_names_that_the_stream_publishes_are_canonical() -> None:
    assert [canonical(name) for name in ACTIVITIES] == list(ACTIVITIES)


def test_the_fours_classes_keep_the_papers_order() -> None:
    assert classes("four") == ("walking", "going upstairs", "going downstairs", "sitting")


def test_still_merges_sitting_and_standing() -> None:
    inside, merged = in_set(["sitting", "running", "standing", "walking"], "still")
    assert inside.tolist() == [True, False, True, True]
    assert merged.tolist() == ["still", "still", "walking"]
    assert in_set(["standing"], "four")[0].tolist() == [False]


def test_the_level_set_keeps_sitting_and_standing_apart_and_has_no_stairs() -> None:
    inside, named = in_set(["running", "sitting", "standing", "going upstairs"], "level")
    assert inside.tolist() == [True, True, True, False]
    assert named.tolist() == ["running", "sitting", "standing"]


def test_stairs_without_a_direction_are_one_class() -> None:
    labels = ["going upstairs", "taking the stairs", "going downstairs", "walking", "standing"]
    inside, named = in_set([*labels, "running"], "stairs")
    assert inside.tolist() == [True] * 5 + [False]
    assert named.tolist() == ["taking the stairs"] * 3 + ["walking", "still"]


def test_an_array_without_a_member_gives_no_classes() -> None:
    inside, found = in_set(np.array(["typing on a keyboard"]), "four")
    assert not inside.any()
    assert found.shape == (0,)


def test_an_unknown_set_names_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="'five' is unknown; expected one of four, still, level, stairs"
    ):
        classes("five")  # type: ignore[arg-type]


def test_every_class_has_one_category() -> None:
    for table in LABEL_SETS.values():
        assert all(category(name) for name in table.values())
    named = [name for names in CATEGORIES.values() for name in names]
    assert len(named) == len(set(named))
    assert category("clapping") is None


def test_still_classes_are_those_the_body_rests_in() -> None:
    assert still(("walking", "sitting", "running", "standing")) == (1, 3)
    assert still(classes("four")) == (3,)
    assert still(("clapping",)) == ()
