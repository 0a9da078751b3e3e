from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from models.lanhar.vocabulary import embed_labels
from models.research.lanhar.baselines import forest
from models.research.lanhar.baselines.learning import BaselineSettings, Task
from models.research.lanhar.baselines.unseen import (
    Unseen,
    among_new,
    attributes,
    fine_tuned,
    mapped,
    ridge,
    tuned_on,
    unseen,
)
from tests.models.research.lanhar.motion import data_set

KNOWN = ("going downstairs", "going upstairs", "sitting", "walking")
NAMES = (*KNOWN, "running")


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forest, "TREES", 40)


@cache
def given() -> Unseen:
    from models.research.lanhar.training.distil import word_encoder

    source, target = data_set("a", 0), data_set("b", 1)
    source = source.where(source.label != "running")
    task = Task(
        torch.from_numpy(source.data),
        torch.tensor([KNOWN.index(str(name)) for name in source.label]),
        torch.from_numpy(target.data),
        len(KNOWN),
        0,
        BaselineSettings(steps=40, pretraining=3, batch=24, rate=3e-3),
    )
    text = word_encoder()
    return Unseen(
        task,
        KNOWN,
        NAMES,
        embed_labels(text, KNOWN).vectors,
        embed_labels(text, NAMES).vectors,
        target.label == "running",
        np.array([NAMES.index(str(name)) for name in target.label]),
    )


def test_every_baseline_answers_with_a_share() -> None:
    pytest.importorskip("sklearn")
    task = given()
    short = replace(task.task, settings=BaselineSettings(steps=2, pretraining=2, batch=8))
    for name, run in unseen(replace(task, task=short)).items():
        assert all(0 <= value <= 1 for value in run().values()), name


def test_among_new_activities_the_known_ones_are_no_answer() -> None:
    scores = np.array([[0.9, 0.5, 0.1], [0.9, 0.2, 0.6], [0.9, 0.3, 0.4]])
    assert among_new(np.array([1, 2, 1]), scores) == pytest.approx(2 / 3)


def test_one_new_activity_is_the_only_answer_where_the_known_ones_are_left_out() -> None:
    pytest.importorskip("sklearn")
    assert unseen(given())["random_forest"]()["accuracy_among_new"] == 1.0


def test_activities_that_are_known_are_named_by_the_same_map() -> None:
    task = given()
    known = replace(task, new=np.asarray(task.true != NAMES.index("running")))
    found = mapped(known, "dcnn").argmax(axis=1)
    assert np.mean(found == known.true[known.new]) > 0.4


def test_a_forest_names_known_activities_by_the_mean_of_their_vectors() -> None:
    pytest.importorskip("sklearn")
    task = given()
    known = replace(task, new=np.asarray(task.true != NAMES.index("running")))
    runs = unseen(known)
    assert runs["random_forest"]()["accuracy"] > 0.8
    assert runs["nuactiv"]()["accuracy"] > 0.8


def test_a_ridge_finds_a_linear_map_and_weights_count_as_copies() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)).astype(np.float32)
    y = (x @ rng.normal(size=(3, 2)) + 1).astype(np.float32)
    assert ridge(x, y, np.ones(200, np.float32))(x) == pytest.approx(y, abs=0.05)
    y[:100] = 5.0
    only = np.r_[np.zeros(100), np.ones(100)].astype(np.float32)
    assert ridge(x, y, only)(x[100:]) == pytest.approx(y[100:], abs=0.05)


def test_fine_tuning_sees_one_reading_of_each_activity_or_a_hundredth() -> None:
    task = given()
    assert sorted(task.true[tuned_on(task, 0)].tolist()) == [0, 1, 2, 3, 4]
    many = replace(task, true=np.repeat([0, 4, -1], [700, 300, 500]).astype(np.int64))
    assert np.bincount(many.true[tuned_on(many, 0)]).tolist() == [7, 0, 0, 0, 3]


@pytest.mark.training
def test_the_tuned_network_is_not_measured_on_what_it_was_shown() -> None:
    task = given()
    shown = np.zeros(len(task.true), bool)
    shown[tuned_on(task, task.task.seed)] = True
    assert fine_tuned(replace(task, new=shown)) == 0.0


def test_attributes_tell_every_activity_from_the_others() -> None:
    table = attributes(NAMES)
    assert len(np.unique(table.round(6), axis=0)) == len(NAMES)
