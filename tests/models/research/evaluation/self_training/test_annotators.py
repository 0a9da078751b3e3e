import numpy as np
import pytest

from models.egolog.offline_expert import Expert
from models.labels import SCENARIOS
from models.research.evaluation.self_training.annotators import ByExpert, Oracle, Stuck
from models.research.evaluation.self_training.uncertainty import uncertain
from tests.models.research.egolog.households.lives import household_windows


def test_an_oracle_is_right_as_often_as_it_says() -> None:
    days = household_windows(400, uncertainty=range(400))
    for accuracy in (0.0, 0.7, 1.0):
        answers = Oracle(accuracy)(days, days.scenarios, np.arange(400))
        true = [[SCENARIOS[int(row.argmax())]] for row in days.truth]
        right = np.mean([a == t for a, t in zip(answers, true, strict=True)])
        assert right == pytest.approx(accuracy, abs=0.06)
        wrong = [a for a, t in zip(answers, true, strict=True) if a != t]
        assert all(len(a) == 1 and a[0] in SCENARIOS for a in wrong)


def test_an_oracle_says_the_same_of_the_same_window_whatever_else_it_is_asked() -> None:
    days = household_windows(20, uncertainty=range(20))
    all_at_once = Oracle(0.5, 3)(days, days.scenarios, np.arange(20))
    assert Oracle(0.5, 3)(days, days.scenarios, np.array([7])) == [all_at_once[7]]
    assert all_at_once != Oracle(0.5, 4)(days, days.scenarios, np.arange(20))


def test_an_accuracy_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match="accuracy is 70; expected 0 to 1"):
        Oracle(70)


def test_who_is_stuck_says_one_thing_of_everything() -> None:
    days = household_windows(6, uncertainty=range(6))
    assert Stuck("Cooking")(days, days.scenarios, np.arange(6)) == [["Cooking"]] * 6


def test_an_endpoint_is_asked_in_doubt_and_the_expert_about_everything() -> None:
    estimates = household_windows(6, uncertainty=[2]).scenarios
    assert Oracle(0.5).looks_at(estimates).tolist() == [2]
    assert Stuck("Cooking").looks_at(estimates).tolist() == [2]
    everything = (ByExpert(Expert.load()), Oracle(0.5, always=True), Stuck("Cooking", always=True))
    assert all(one.looks_at(estimates).tolist() == list(range(6)) for one in everything)


def test_the_expert_is_given_five_minutes_of_the_same_day_and_nothing_that_comes_later() -> None:
    days = household_windows(24, days=2, wearers=2, uncertainty=[15])
    asked = uncertain(days.scenarios)
    assert len(asked) == 4
    expert = Expert.load()
    answers = ByExpert(expert)(days, days.scenarios, asked)
    for number, answer in zip(asked, answers, strict=True):
        before = [days.record(n) for n in range(number - 10, number)]
        assert {r.device_id for r in before} == {days.record(number).device_id}
        assert answer == expert.judge(days.record(number), before).scenarios
    assert ByExpert(expert).provenance == expert.name
