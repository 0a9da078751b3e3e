from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.answers import Answers
from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lanhar.interpretation.llm_batch import BatchConfig, EndpointError, LlmBatch
from models.research.lanhar.interpretation.llm_interpreter import LlmInterpreter, ReadingAnswer
from models.research.lanhar.interpretation.windows import Windows, of_arrays
from tests.models.research.lanhar.interpretation.mechanics import rest, steps
from tests.models.research.lanhar.scripted import interpreting
from tests.pipeline.llm_endpoint import LlmEndpoint

if TYPE_CHECKING:
    from pathlib import Path


def windows() -> Windows:
    data = np.stack([rest(), steps(), steps(hz=2.6, vertical=8.0)])
    return of_arrays("w", data, ["sitting", "walking", "running"], *[["x"] * 3] * 3)


def interpreter(url: str, folder: Path, designed: bool = True) -> LlmInterpreter:
    config = BatchConfig(url, "scripted", retries=0)
    return LlmInterpreter(LlmBatch(config, Answers(folder)), designed=designed)


def test_an_interpretation_has_the_narrators_form_and_names_its_model(tmp_path: Path) -> None:
    with LlmEndpoint(interpreting) as server:
        asker = interpreter(server.url, tmp_path)
        found = asker.interpret(asker.asked(windows()))
    assert all(isinstance(one, Interpretation) and one.source == "scripted" for one in found)
    for one, analysis in zip(found, analyse_all(windows().data), strict=True):
        assert isinstance(one, Interpretation)
        assert f"{np.hypot(analysis.vertical, analysis.horizontal):.2f}" in one.text
        assert list(one.patterns) == ["amplitude of movement"]


def test_no_label_reaches_the_endpoint(tmp_path: Path) -> None:
    given = windows()
    other = of_arrays("w", given.data, ["juggling"] * 3, *[["x"] * 3] * 3)
    asker = interpreter("http://127.0.0.1:9/v1", tmp_path)
    assert asker.asked(given) == asker.asked(other)


def test_the_correction_prompt_is_sent_for_a_second_opinion(tmp_path: Path) -> None:
    with LlmEndpoint(interpreting) as server:
        asker = interpreter(server.url, tmp_path)
        asked = asker.asked(windows())
        first = [one for one in asker.interpret(asked) if isinstance(one, Interpretation)]
        second = asker.again(asked, first)
        assert len(server.requests) == 6
    assert all(isinstance(one, Interpretation) and "again" in one.text for one in second)


def test_failures_stand_where_their_windows_do(tmp_path: Path) -> None:
    with LlmEndpoint(lambda body: (503, b"{}")) as server:
        asker = interpreter(server.url, tmp_path)
        found = asker.interpret(asker.asked(windows()))
    assert all(isinstance(one, EndpointError) for one in found)


def test_the_simple_prompt_leaves_out_the_designed_parts(tmp_path: Path) -> None:
    asker = interpreter("http://127.0.0.1:9/v1", tmp_path, designed=False)
    assert all("Knowledge" not in one[0]["content"] for one in asker.asked(windows()))


def test_a_category_named_twice_is_joined_and_empty_ones_are_left_out() -> None:
    answer = ReadingAnswer.model_validate(
        {
            "patterns": [
                {"category": "posture", "patterns": ["posture held"]},
                {"category": "posture", "patterns": [" of my   own "]},
                {"category": "course", "patterns": ["  "]},
            ],
            "interpretation": "The posture is\n held.",
        }
    )
    found = answer.interpretation_by("m")
    assert found.patterns == {"posture": ("posture held", "of my own")}
    assert found.text == "The posture is held."


@pytest.mark.parametrize("text", ["", " \n ", "x" * 4_001])
def test_an_interpretation_has_a_text_of_bounded_length(text: str) -> None:
    with pytest.raises(ValidationError):
        Interpretation(patterns={}, text=text)
