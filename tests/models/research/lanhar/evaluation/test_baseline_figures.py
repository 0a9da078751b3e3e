from dataclasses import replace
from typing import Any

import pytest

from models.research.lanhar.baselines import forest
from models.research.lanhar.baselines.learning import BaselineSettings
from models.research.lanhar.evaluation.baseline_figures import Baselines, with_baseline
from models.research.lanhar.evaluation.evaluation_settings import (
    BASELINES,
    TRAINED_BASELINES,
    EvaluationSettings,
)
from models.research.lanhar.evaluation.shared_classes import DataSetPair
from models.research.lanhar.training.text import TextSettings
from models.research.lanhar.training.transfer import TransferSettings
from tests.models.research.lanhar.motion import data_set

pytest.importorskip("sklearn")

SETTINGS = EvaluationSettings(
    TransferSettings(TextSettings(steps=1, batch=4, synthesised=1)),
    BaselineSettings(steps=4, pretraining=4, batch=16),
)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forest, "TREES", 8)


def pair() -> DataSetPair:
    source = data_set("a", 0, each=8)
    return DataSetPair.of(source.where(source.label != "running"), data_set("b", 1, each=8), "four")


def test_a_baseline_is_the_same_alone_as_after_others() -> None:
    after = Baselines(pair(), 1, SETTINGS)
    after.figures("limu_bert")
    assert after.figures("dcnn") == Baselines(pair(), 1, SETTINGS).figures("dcnn")


def test_only_the_forest_and_networks_name_shared_classes() -> None:
    figures = Baselines(pair(), 1, SETTINGS).figures("random_forest")
    assert figures["known"]["accuracy"] == 1
    assert set(figures["new"]) == {"accuracy", "accuracy_among_new"}
    assert set(Baselines(pair(), 1, SETTINGS).figures("dcnn_fine_tuned")) == {"new"}


def test_without_new_activities_a_baseline_has_figures_of_shared_classes_alone() -> None:
    some = Baselines(pair(), 1, replace(SETTINGS, with_new=False))
    assert set(some.figures("random_forest")) == {"known"}
    assert some.figures("nuactiv") == {}


def test_hargpt_is_run_where_an_endpoint_is_given() -> None:
    endpoint: Any = object()
    assert SETTINGS.chosen_baselines() == TRAINED_BASELINES
    assert replace(SETTINGS, endpoint=endpoint).chosen_baselines() == BASELINES
    assert replace(SETTINGS, only=("hargpt", "dcnn")).chosen_baselines() == ("dcnn",)
    assert replace(SETTINGS, with_baselines=False).chosen_baselines() == ()


def test_figures_of_a_baseline_join_those_of_lanhar_without_changing_them() -> None:
    lanhar = {"accuracy": 0.9, "baselines": {}, "new_activities": {"chance": 0.1, "baselines": {}}}
    joined = with_baseline(lanhar, "dcnn", {"known": {"accuracy": 0.5}, "new": {"accuracy": 0.2}})
    assert joined["baselines"] == {"dcnn": {"accuracy": 0.5}}
    assert joined["new_activities"] == {"chance": 0.1, "baselines": {"dcnn": {"accuracy": 0.2}}}
    assert lanhar["baselines"] == {}
    assert with_baseline(joined, "nuactiv", {})["baselines"] == joined["baselines"]
    none = {**lanhar, "new_activities": None}
    assert with_baseline(none, "dcnn", {"new": {"accuracy": 0.2}})["new_activities"] is None
