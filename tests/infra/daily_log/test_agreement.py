from __future__ import annotations

import pytest

from infra.daily_log.agreement import Agreement, LabelAgreement


def test_each_label_has_its_recall_and_precision_and_its_commonest_mistake() -> None:
    agreement = Agreement()
    for truth, label, times in (
        ("walking", "walking", 3),
        ("walking", "running", 1),
        ("sitting", "walking", 1),
        ("sitting", "", 2),
        ("sitting", "sitting", 1),
    ):
        for _ in range(times):
            agreement.add([truth], label)
    assert agreement.labels() == [
        LabelAgreement("sitting", 4, 0.25, 1.0, "unknown (2)"),
        LabelAgreement("walking", 4, 0.75, 0.75, "running (1)"),
    ]
    assert (agreement.right, agreement.total) == (4, 8)
    # F1 of sitting is 2 / 5 and of walking 6 / 8; running is no true label.
    assert agreement.macro_f1 == pytest.approx((0.4 + 0.75) / 2)
    assert str(agreement) == "4 of 8 right (50%), macro-F1 0.57"


def test_a_window_without_a_truth_is_left_out() -> None:
    agreement = Agreement()
    assert not agreement.add([], "walking")
    assert (agreement.total, agreement.macro_f1, agreement.labels()) == (0, 0.0, [])


def test_a_window_of_several_truths_is_right_with_any_of_them() -> None:
    agreement = Agreement()
    assert agreement.add(["Eating", "Watching tv"], "Watching tv")
    assert not agreement.add(["Eating", "Watching tv"], "Cooking")
    assert (agreement.right, agreement.total) == (1, 2)
    assert [row.label for row in agreement.labels()] == ["Eating", "Watching tv"]


def test_labels_differ_by_more_than_their_case() -> None:
    agreement = Agreement()
    agreement.add(["WALKING"], "walking")
    assert (agreement.right, agreement.total) == (1, 1)


def test_windows_of_some_labels_are_counted_apart() -> None:
    agreement = Agreement()
    agreement.add(["Walking"], "walking")
    agreement.add(["Walking"], "sitting")
    agreement.add(["going upstairs"], "walking")
    known = agreement.among(["walking", "sitting"])
    assert (known.right, known.total) == (1, 2)
    # What another window was taken for does not count against the precision.
    assert known.labels() == [LabelAgreement("Walking", 2, 0.5, 1.0, "sitting (1)")]
