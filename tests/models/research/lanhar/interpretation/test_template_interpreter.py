from __future__ import annotations

import inspect

import numpy as np
import pytest
from numpy.random import default_rng

from models.lanhar.activity_names import CANONICAL
from models.research.lanhar.interpretation import template_interpreter
from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.patterns import CATEGORIES, patterns
from models.research.lanhar.interpretation.template_interpreter import (
    DETAILS,
    interpret_all_by_template,
    interpret_by_template,
)
from tests.models.research.lanhar.interpretation.mechanics import analyse, rest, rise, steps, turned

MOTIONS = {
    "rest": rest(),
    "level": steps(sharp=0.8),
    "stairs": steps(hz=1.6, vertical=3.0, horizontal=1.4, sharp=0.1),
    "running": steps(hz=2.6, vertical=8.0, horizontal=3.0),
    "rise": rise(),
}


@pytest.mark.parametrize("detail", DETAILS)
def test_the_same_signal_and_chance_give_the_same_words(detail: int) -> None:
    analysis = analyse(MOTIONS["level"])
    one, other = (interpret_by_template(analysis, detail, default_rng(4)) for _ in range(2))
    assert one == other
    assert one.detail == detail


def test_chance_changes_the_words_and_not_the_patterns() -> None:
    analysis = analyse(MOTIONS["stairs"])
    said = [interpret_by_template(analysis, 2, default_rng(seed)) for seed in range(20)]
    assert len({one.text for one in said}) > 10
    assert all(one.patterns == patterns(analysis) for one in said)


def test_different_motions_have_different_texts() -> None:
    analyses = [analyse(window) for window in MOTIONS.values()]
    for detail in DETAILS:
        texts = [interpret_by_template(a, detail, default_rng(0)).text for a in analyses]
        assert len(set(texts)) == len(MOTIONS)


def test_another_mounting_of_the_sensor_has_the_same_text() -> None:
    window = MOTIONS["level"]
    one, other = (analyse(w) for w in (window, turned(window)))
    assert (
        interpret_by_template(one, 1, default_rng(0)).text
        == interpret_by_template(other, 1, default_rng(0)).text
    )


def test_more_detail_says_more() -> None:
    analysis = analyse(MOTIONS["level"])
    lengths = [
        len(interpret_by_template(analysis, detail, default_rng(0)).text) for detail in DETAILS
    ]
    assert lengths == sorted(lengths)
    digits = [
        any(c.isdigit() for c in interpret_by_template(analysis, d, default_rng(0)).text)
        for d in DETAILS
    ]
    assert digits == [False, False, True]


def test_every_pattern_that_is_named_is_one_of_the_prompts() -> None:
    for window in MOTIONS.values():
        for category, names in interpret_by_template(
            analyse(window), 2, default_rng(0)
        ).patterns.items():
            assert set(names) <= set(CATEGORIES[category])


def test_nothing_about_steps_is_said_of_a_body_at_rest() -> None:
    for seed in range(10):
        text = interpret_by_template(analyse(MOTIONS["rest"]), 3, default_rng(seed)).text
        assert "step" not in text
        assert "heel" not in text


def test_sentences_are_sentences() -> None:
    for window in MOTIONS.values():
        for detail in DETAILS:
            for seed in range(10):
                text = interpret_by_template(analyse(window), detail, default_rng(seed)).text
                assert text.endswith(".")
                assert "{" not in text
                assert all(part[0].isupper() for part in text.removesuffix(".").split(". "))


def test_the_narrator_cannot_see_a_label() -> None:
    for function in (interpret_by_template, interpret_all_by_template):
        assert "label" not in inspect.signature(function).parameters
    assert not {name for name in vars(template_interpreter) if "label" in name.lower()}
    assert not set(CANONICAL) & set(inspect.signature(interpret_by_template).parameters)


def test_a_windows_words_do_not_depend_on_the_windows_around_it() -> None:
    analyses = analyse_all(np.stack(list(MOTIONS.values())))
    assert interpret_all_by_template(analyses)[:2] == interpret_all_by_template(analyses[:2])
    assert {one.detail for one in interpret_all_by_template(analyses)} == {1}
    assert {one.detail for one in interpret_all_by_template(analyses, detail=3)} == {3}
    assert interpret_all_by_template(analyses, seed=1) != interpret_all_by_template(
        analyses, seed=2
    )


def test_an_unknown_detail_is_refused() -> None:
    with pytest.raises(ValueError, match="detail is 4; expected one of 1, 2, 3"):
        interpret_by_template(analyse(rest()), 4, default_rng(0))
