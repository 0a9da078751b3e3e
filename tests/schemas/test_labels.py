from __future__ import annotations

import numpy as np
import pytest

from schemas import ActivityLabel, SchemaError, Vector
from schemas.errors import InvalidError
from schemas.labels import MAX_NAME_CHARS, checked_name, label_key


def unit(seed: int = 0, size: int = 128) -> Vector:
    values = np.random.default_rng(seed).normal(size=size)
    return Vector.of(values / np.linalg.norm(values))


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("ironing", "ironing"),
        ("  folding   laundry ", "folding laundry"),
        ("bügeln", "bügeln"),
        ("3-point turn (car), slow", "3-point turn (car), slow"),
    ],
)
def test_a_name_is_tidied(name: str, tidy: str) -> None:
    assert checked_name(name) == tidy


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "label name '' is no word; expected one like 'ironing'"),
        ("   ", "is no word"),
        ("-x", "label name '-x' is no word"),
        (
            "iron<ing>",
            "label name 'iron<ing>' holds '<'; expected letters, digits, blanks and -,.'/()&",
        ),
        ("a\x00b", "holds '\\x00'"),
        ("x" * 49, f"has 49 characters; expected at most {MAX_NAME_CHARS}"),
    ],
)
def test_a_bad_name_is_one_line_that_names_it_and_what_would_be_right(
    name: str, expected: str
) -> None:
    with pytest.raises(ValueError, match="label name") as caught:
        checked_name(name)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_the_same_label_whatever_their_case_and_blanks() -> None:
    assert label_key("Watching  TV") == label_key("watching tv")
    assert label_key("watching tv") != label_key("watching")


def test_a_label_comes_back_as_it_was_sent() -> None:
    label = ActivityLabel(
        name="ironing",
        vector=unit(),
        descriptions=["An arm sweeps to and fro."],
        described_by="user",
        revision="r1",
    )
    assert ActivityLabel.decode(label.encode()) == label


@pytest.mark.parametrize(
    "vector",
    [
        Vector.of(np.full(128, 0.5)),
        Vector.of(np.full(128, np.nan)),
        Vector.of(np.eye(4)),
        Vector.of(np.eye(128)[0], "<f2"),
    ],
    ids=["not unit", "not finite", "two axes", "half"],
)
def test_a_vector_is_one_axis_of_finite_float32_and_unit(vector: Vector) -> None:
    good = ActivityLabel(name="ironing", vector=unit(), revision="r1")
    damaged = good.model_copy(update={"vector": vector}).encode()
    with pytest.raises(InvalidError):
        ActivityLabel.decode(damaged)


def test_an_untidy_name_on_the_wire_is_refused() -> None:
    good = ActivityLabel(name="ironing", vector=None, revision="r1")
    for name in ("ironing ", "<b>", ""):
        with pytest.raises(SchemaError):
            ActivityLabel.decode(good.model_copy(update={"name": name}).encode())
