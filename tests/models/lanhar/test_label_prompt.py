from __future__ import annotations

import pytest
from pydantic import ValidationError

from models.lanhar.descriptions import Description
from models.lanhar.label_prompt import LabelAnswer, label_prompt


def test_descriptions_of_a_label_are_asked_for_from_different_sides() -> None:
    texts = {label_prompt("ironing", number)[0]["content"] for number in range(5)}
    assert len(texts) == 5
    assert all("ironing" in text and "general" in text and "body" in text for text in texts)


def test_an_answer_has_three_aspects_of_a_sentence_at_least() -> None:
    aspects = {name: f"  A sentence on the {name}. " for name in ("general", "sensors", "body")}
    assert LabelAnswer(**aspects).description() == Description(
        "A sentence on the general.", "A sentence on the sensors.", "A sentence on the body."
    )
    for name in aspects:
        for text in ("short", "x" * 901):
            with pytest.raises(ValidationError):
                LabelAnswer(**{**aspects, name: text})
