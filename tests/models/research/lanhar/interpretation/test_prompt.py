from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.random import default_rng

from models.lanhar.label_prompt import label_prompt
from models.research.lanhar.interpretation import prompt
from models.research.lanhar.interpretation.llm_interpreter import ReadingAnswer
from models.research.lanhar.interpretation.patterns import CATEGORIES
from models.research.lanhar.interpretation.template_interpreter import interpret_by_template
from tests.models.research.lanhar.interpretation.mechanics import analyse, rest, steps

WINDOW = steps()


def asked(**changes: object) -> str:
    [message] = prompt.reading(WINDOW, analyse(WINDOW), **changes)  # type: ignore[arg-type]
    return message["content"]


def test_the_prompt_has_the_papers_four_parts_in_order() -> None:
    text = asked()
    heads = ["## Data introduction", "## Data analysis", "## Knowledge", "## Task"]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    assert "$" not in text


def test_the_readings_are_shown_with_their_rate() -> None:
    text = asked(every=2)
    rows = [line for line in text.splitlines() if line.count(",") == 5 and line[-1].isdigit()]
    assert len(rows) == 60
    assert [float(value) for value in rows[1].split(",")] == pytest.approx(WINDOW[2], abs=0.006)
    assert "one row every 100 ms (10 Hz)" in text


def test_where_the_sensor_is_worn_and_what_may_be_done_is_said() -> None:
    text = asked(position="waist", device="phone", states=("rowing", "walking"))
    assert "phone worn at: waist" in text
    assert "rowing, walking" in text
    # Knowledge is of the states that are described.
    knowledge = text.split("## Knowledge")[1].split("## Task")[0]
    assert "walking:" in knowledge
    assert "rowing:" not in knowledge


def test_the_analysis_is_the_computed_one() -> None:
    analysis = analyse(WINDOW)
    text = asked()
    assert f"{analysis.vertical:.2f} along gravity" in text
    assert f"{analysis.step_hz:.2f} Hz would fit" in text
    mean, std, low, high = analysis.statistics[2]
    assert f"acc z: mean {mean:.2f}, std {std:.2f}, min {low:.2f}, max {high:.2f}" in text
    for word in ("Amplitude", "Frequency", "Time series"):
        assert word in text
    assert "degrees from where it is when" not in text
    upright = analyse(WINDOW, upright=np.array([0, 0, 1], np.float32))
    assert any("stands or walks" in line for line in prompt.analysed(upright))


def test_every_category_and_pattern_is_offered() -> None:
    text = asked()
    for category, names in CATEGORIES.items():
        assert f"- {category}: [{', '.join(names)}]" in text


def test_the_example_and_an_answer_have_the_asked_form() -> None:
    example = asked().strip().splitlines()[-1]
    assert set(ReadingAnswer.model_validate_json(example).model_dump()) == {
        "patterns",
        "interpretation",
    }
    said = interpret_by_template(analyse(WINDOW), 1, default_rng(0))
    back = ReadingAnswer.model_validate_json(prompt.as_answer(said)).interpretation_by("narrator")
    assert (back.patterns, back.text) == (said.patterns, said.text)


def test_a_correction_comes_after_the_question_and_the_answer() -> None:
    messages = prompt.reading(WINDOW, analyse(WINDOW))
    said = interpret_by_template(analyse(rest()), 1, default_rng(0))
    again = prompt.correction(messages, said)
    assert again[0] == messages[0]
    assert [one["role"] for one in again] == ["user", "assistant", "user"]
    assert json.loads(again[1]["content"])["interpretation"] == said.text
    assert "logical errors, inconsistencies with real-world knowledge" in again[2]["content"]
    assert prompt.as_answer(said) in again[2]["content"]


def test_the_simple_prompt_holds_data_and_task_alone() -> None:
    [message] = prompt.simple(WINDOW)
    assert "Knowledge" not in message["content"]
    assert message["content"].count("\n") > 60


def test_the_question_about_a_label_lists_the_patterns_of_a_reading() -> None:
    [message] = label_prompt("ironing", 0)
    names = "; ".join(name for names in CATEGORIES.values() for name in names)
    assert f"use these patterns: {names}." in message["content"]
