from __future__ import annotations

import numpy as np
import pytest

from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lanhar.interpretation.regenerate import RegenerateConfig, regenerate, rephrase
from models.research.lanhar.interpretation.template_interpreter import interpret_all_by_template
from tests.models.research.lanhar.interpretation.mechanics import steps

LABELS = np.array(["walking"] * 20 + ["sitting"] * 20)
TEXTS = {"walking": np.array([1.0, 0, 0]), "sitting": np.array([0, 1.0, 0])}


def embed(texts: list[str]) -> np.ndarray:
    """Place a text by its first word, and off by how many words follow."""
    found = []
    for text in texts:
        first, *rest = text.split() or ["none"]
        base = TEXTS.get(first, np.array([0, 0, 1.0])).copy()
        base[2] += 0.2 * len(rest)
        found.append(base / np.linalg.norm(base))
    return np.array(found).reshape(-1, 3)


def said(text: str) -> Interpretation:
    return Interpretation(patterns={}, text=text)


def interpretations(wrong: dict[int, str]) -> list[Interpretation]:
    return [said(wrong.get(i, str(label))) for i, label in enumerate(LABELS)]


ONE_CLUSTER = RegenerateConfig(clusters=1)


def test_an_outlier_is_asked_again_and_taken_when_the_cluster_tightens() -> None:
    asked: list[int] = []

    def again(places, last, number):  # type: ignore[no-untyped-def]
        asked.extend(places)
        return [said(str(LABELS[place])) for place in places]

    found, report = regenerate(
        interpretations({3: "sitting", 25: "odd"}), LABELS, embed, again, ONE_CLUSTER
    )
    assert sorted(set(asked)) == [3, 25]
    assert [one.text for one in found] == LABELS.tolist()
    assert (report.accepted, report.inaccurate) == (2, pytest.approx(2 / 40))
    for one in report.activities:
        assert one.distance_after < one.distance_before
        assert one.windows_asked == 1


def test_what_does_not_tighten_is_refused() -> None:
    wrong = {3: "sitting"}
    found, report = regenerate(
        interpretations(wrong),
        LABELS,
        embed,
        lambda places, last, n: [said("odd")] * len(places),
        ONE_CLUSTER,
    )
    assert found == interpretations(wrong)
    assert report.accepted == 0
    assert report.asked > 0


def test_windows_near_their_centre_are_never_asked_about() -> None:
    def never(places, last, number):  # type: ignore[no-untyped-def]
        raise AssertionError(places)

    found, report = regenerate(interpretations({}), LABELS, embed, never, ONE_CLUSTER)
    assert found == interpretations({})
    assert (report.asked, report.stopped) == (0, "no outliers left")


def test_it_stops_when_the_distance_changes_less_than_the_threshold() -> None:
    calls: list[int] = []

    def again(places, last, number):  # type: ignore[no-untyped-def]
        calls.append(number)
        return [said("odd")] * len(places)

    _, report = regenerate(interpretations({3: "sitting"}), LABELS, embed, again, ONE_CLUSTER)
    assert calls == [0, 1]
    assert report.stopped == "change below 0.0005 for 2 rounds"


def test_no_more_than_the_outliers_of_a_round_are_asked() -> None:
    sizes: list[int] = []

    def again(places, last, number):  # type: ignore[no-untyped-def]
        sizes.append(len(places))
        return [said(str(LABELS[place])) for place in places]

    wrong = {place: "odd " + "x " * place for place in range(8)}
    config = RegenerateConfig(clusters=1, outliers=0.15, rounds=4)
    regenerate(interpretations(wrong), LABELS, embed, again, config)
    assert max(sizes) == 3
    assert len(sizes) > 1


def test_an_answer_that_did_not_come_changes_nothing_and_is_counted() -> None:
    found, report = regenerate(
        interpretations({3: "sitting"}),
        LABELS,
        embed,
        lambda places, last, n: [None] * len(places),
        ONE_CLUSTER,
    )
    assert found == interpretations({3: "sitting"})
    assert sum(one.failed for one in report.activities) == report.asked


def test_the_next_question_is_about_the_last_answer() -> None:
    texts: list[str] = []

    def again(places, last, number):  # type: ignore[no-untyped-def]
        texts.extend(one.text for one in last)
        return [said(f"odd {number}")] * len(places)

    regenerate(interpretations({3: "sitting"}), LABELS, embed, again, ONE_CLUSTER)
    assert texts == ["sitting", "odd 0"]


def test_clusters_keep_two_ways_of_an_activity_apart() -> None:
    # Half of an activity is told one way and half another: neither half is an outlier.
    labels = np.array(["both"] * 40)
    halves = [said("walking" if i % 2 else "sitting") for i in range(40)]
    asked: list[int] = []

    def again(places, last, number):  # type: ignore[no-untyped-def]
        asked.extend(places)
        return list(last)

    regenerate(halves, labels, embed, again, RegenerateConfig(clusters=2))
    assert asked == []


def test_the_narrator_rephrases_at_another_level_of_detail() -> None:
    analyses = analyse_all(np.stack([steps(seed=seed) for seed in range(3)]))
    first = interpret_all_by_template(analyses)
    again = rephrase(analyses)
    second = [one for one in again([0, 2], [first[0], first[2]], 0) if one is not None]
    assert [one.detail for one in second] == [2, 2]
    assert all(new.patterns == first[place].patterns for new, place in zip(second, (0, 2)))  # noqa: B905
    assert again([0], [second[0]], 1) != again([0], [second[0]], 2)


def test_counts_must_agree() -> None:
    with pytest.raises(ValueError, match="39 interpretations for 40 labels"):
        regenerate(interpretations({})[:-1], LABELS, embed, lambda *_: [])


def test_the_report_says_how_many_were_asked_and_accepted() -> None:
    _, report = regenerate(
        interpretations({3: "odd"}),
        LABELS,
        embed,
        lambda places, last, n: [said(str(LABELS[p])) for p in places],
        ONE_CLUSTER,
    )
    assert "1 asked again about 2.50 % of the windows, 1 accepted" in str(report)
