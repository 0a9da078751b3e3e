from __future__ import annotations

from operators.naming import NamedActivity, descriptions_in_doubt, is_unsure, name_activity

OPEN = {"ironing": 0.3, "folding": 0.2, "sitting": 0.1, "typing": 0.1}


def test_the_closed_set_speaks_while_it_is_sure() -> None:
    assert name_activity({"walking": 0.5, "sitting": 0.4}, {"ironing": 0.9}, 0.5) == NamedActivity(
        "walking", 0.5
    )
    assert descriptions_in_doubt({"walking": 0.5}, OPEN, 0.5, 3) == {}


def test_where_the_closed_set_is_unsure_a_surer_description_speaks() -> None:
    unsure = {"walking": 0.29, "sitting": 0.2}
    assert name_activity(unsure, OPEN, 0.5) == NamedActivity("ironing", 0.3, described=True)


def test_a_description_that_is_less_sure_still_names_nothing_but_is_listed() -> None:
    unsure = {"walking": 0.31, "sitting": 0.2}
    assert name_activity(unsure, OPEN, 0.5) == NamedActivity("walking", 0.31)
    assert list(descriptions_in_doubt(unsure, OPEN, 0.5, 3)) == ["ironing", "folding", "sitting"]


def test_without_a_ranking_the_closed_set_speaks_in_doubt_too() -> None:
    assert name_activity({"walking": 0.2}, {}, 0.5) == NamedActivity("walking", 0.2)
    assert descriptions_in_doubt({"walking": 0.2}, {}, 0.5, 3) == {}


def test_without_a_closed_estimate_the_description_speaks() -> None:
    assert name_activity({}, OPEN, 0.5) == NamedActivity("ironing", 0.3, described=True)
    assert name_activity({}, {}, 0.5) is None


def test_among_equals_the_first_name_speaks() -> None:
    assert name_activity({"b": 0.6, "a": 0.6}, {}, 0.5) == NamedActivity("a", 0.6)


def test_a_description_as_likely_as_the_closed_sets_best_does_not_speak() -> None:
    assert name_activity({"walking": 0.3}, OPEN, 0.5) == NamedActivity("walking", 0.3)


def test_nothing_at_all_is_unsure_unless_nothing_is_asked() -> None:
    assert is_unsure({}, 0.1)
    assert not is_unsure({}, 0.0)
    assert not is_unsure({"a": 0.5}, 0.5)
