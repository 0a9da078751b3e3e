import pytest

from models.research.lanhar.evaluation.shared_classes import DataSetPair, EvaluationError
from models.research.lanhar.interpretation.windows import Windows
from tests.models.research.lanhar.motion import data_set


def without(windows: Windows, *labels: str) -> Windows:
    for label in labels:
        windows = windows.where(windows.label != label)
    return windows


SOURCE = without(data_set("a", 0, each=2), "running")
TARGET = without(data_set("b", 1, each=3), "going upstairs")


def test_windows_of_shared_classes_are_those_of_both() -> None:
    pair = DataSetPair.of(SOURCE, TARGET, "four")
    assert pair.names == ("walking", "going downstairs", "sitting")
    assert set(pair.source_of_shared_classes().label.tolist()) == set(pair.names)
    assert pair.true().tolist() == TARGET.label[pair.shared].tolist()
    assert pair.shared.sum() == 9


def test_the_source_keeps_classes_that_the_target_lacks_for_new_activities() -> None:
    pair = DataSetPair.of(SOURCE, TARGET, "four")
    assert pair.source_classes() == ("walking", "going upstairs", "going downstairs", "sitting")
    assert len(pair.source_of_any_class()) == len(SOURCE)


def test_new_activities_are_named_among_the_targets_labels_and_the_shared_classes() -> None:
    found = DataSetPair.of(SOURCE, TARGET, "four").new_activities()
    assert found is not None
    assert found.candidates == ("going downstairs", "running", "sitting", "walking")
    assert TARGET.label[found.new].tolist() == ["running"] * 3
    assert [found.candidates[place] for place in found.index] == TARGET.label.tolist()


def test_a_class_that_the_source_lacks_is_no_new_activity() -> None:
    pair = DataSetPair.of(TARGET, SOURCE, "four")
    assert "going upstairs" not in pair.names
    assert pair.new_activities() is None


def test_an_activity_without_a_description_is_no_candidate() -> None:
    odd = without(TARGET, "running")
    odd.label[odd.label == "walking"] = "juggling knives"
    assert DataSetPair.of(SOURCE, odd, "four").new_activities() is None


def test_fewer_than_two_shared_classes_are_refused() -> None:
    still = TARGET.where(TARGET.label == "sitting")
    with pytest.raises(EvaluationError, match="a and b share 1 classes of label set 'four'"):
        DataSetPair.of(SOURCE, still, "four")
