from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.labels import ACTIVITIES
from models.lanhar.activity_names import CANONICAL, CATEGORIES, LABEL_SETS, canonical
from models.lanhar.descriptions import (
    MIN_DESCRIPTIONS,
    Description,
    DescriptionError,
    describe,
    describe_by_aspect,
    labels,
    read_descriptions,
    write,
)
from models.research.lanhar.interpretation.mechanisms import MECHANISMS

if TYPE_CHECKING:
    from pathlib import Path

ONE = Description("It is one.", "Strong movement.", "Arms.")


def test_every_activity_of_every_named_data_set_is_described() -> None:
    wanted = {*CANONICAL.values(), *ACTIVITIES}
    for table in LABEL_SETS.values():
        wanted |= set(table) | set(table.values())
    wanted |= {name for names in CATEGORIES.values() for name in names}
    # PAMAP2's and WISDM's names that need no mapping.
    wanted |= {"ironing", "vacuum cleaning", "playing soccer", "cycling", "clapping", "drinking"}
    assert wanted - set(labels()) == set()


@pytest.mark.parametrize("label", labels())
def test_a_label_has_five_different_descriptions_of_three_aspects(label: str) -> None:
    found = describe_by_aspect(label)
    assert len(found) >= MIN_DESCRIPTIONS
    for aspect in ("general", "sensors", "body"):
        assert len({getattr(one, aspect) for one in found}) == len(found)
    assert all(len(one.text().split()) >= 25 for one in found)


def test_no_two_labels_share_a_sentence_of_the_overview() -> None:
    overviews = [one.general for label in labels() for one in describe_by_aspect(label)]
    assert len(overviews) == len(set(overviews))


def test_up_and_down_are_described_by_what_tells_them_apart() -> None:
    phrases = {m.name: m.phrases for m in MECHANISMS}
    up, down = (" ".join(describe(f"going {way}stairs")).lower() for way in ("up", "down"))
    assert "steps that push up" in up
    assert "steps that push up" not in down
    assert "steps that drop down" in down
    assert "steps that drop down" not in up
    assert {"steps that push up", "steps that drop down"} <= set(phrases)


def test_a_data_sets_own_name_finds_the_description() -> None:
    assert describe("jogging") == describe("running")
    assert describe("folding laundry") == describe(canonical("folding"))


def test_an_unknown_activity_names_its_neighbours() -> None:
    with pytest.raises(DescriptionError, match=r"'iron' has no description .* ironing"):
        describe("iron")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path, "Fly fishing", [ONE, Description("Two.", "Swinging\nand rest.", "Legs.")]
    )
    assert path.name == "fly_fishing.txt"
    assert labels(tmp_path) == ("Fly fishing",)
    assert describe("Fly fishing", tmp_path)[1] == "Two. Swinging and rest. Legs."
    write(tmp_path, "Fly fishing", [ONE])
    assert describe("Fly fishing", tmp_path) == ["It is one. Strong movement. Arms."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("walking\n\nGeneral: a\nSensors: b\nBody: c\n", "expected '# name'"),
        ("# walking\n", "hold none"),
        ("# walking\n\nGeneral: a\nBody: c\n", "block 1 has lines"),
        ("# walking\n\nGeneral: a\nSensors:\nBody: c\n", "each with text"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DescriptionError, match=message):
        read_descriptions(path)


def test_a_name_without_letters_or_a_folder_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match="holds no letter"):
        write(tmp_path, " ../ ", [ONE])
    with pytest.raises(DescriptionError, match="does not exist"):
        labels(tmp_path / "none")


def test_no_pattern_is_named_to_say_that_it_is_not_there() -> None:
    # What reads descriptions counts the patterns that they name.
    for label in labels():
        text = " ".join(describe(label)).lower()
        for mechanism in MECHANISMS:
            for word in ("no", "without", "not", "than"):
                assert f"{word} {mechanism.name}" not in text, label
