from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from models.research.lanhar.baselines import forest as of_forest
from models.research.lanhar.baselines.forest import forest
from models.research.lanhar.baselines.hargpt import HarGptAnswer, hargpt, prompt
from models.research.lanhar.baselines.learning import NETWORKS, BaselineSettings, Task
from models.research.lanhar.interpretation.llm_batch import EndpointError
from models.research.lanhar.interpretation.windows import Windows
from tests.models.research.lanhar.motion import data_set

NAMES = ("going downstairs", "going upstairs", "sitting", "walking")


@cache
def part(seed: int) -> tuple[Windows, np.ndarray]:
    windows = data_set("made", seed)
    windows = windows.where(np.isin(windows.label, NAMES))
    return windows, np.array([NAMES.index(str(name)) for name in windows.label])


def task() -> Task:
    (source, label), (target, _) = part(0), part(1)
    return Task(
        torch.from_numpy(source.data),
        torch.from_numpy(label),
        torch.from_numpy(target.data),
        len(NAMES),
        0,
        BaselineSettings(steps=60, pretraining=3, batch=24, rate=3e-3),
    )


@pytest.mark.training
@pytest.mark.parametrize("name", ["dcnn", "transformer"])
def test_a_network_recognises_what_it_was_trained_on(name: str) -> None:
    found = NETWORKS[name](task())
    assert np.mean(found == part(1)[1]) > 0.45


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_answers_for_every_reading_and_repeats_with_its_seed(name: str) -> None:
    short = replace(task(), settings=BaselineSettings(steps=2, pretraining=2, batch=8))
    found = NETWORKS[name](short)
    assert found.shape == part(1)[1].shape
    assert set(found.tolist()) <= {0, 1, 2, 3}
    assert np.array_equal(found, NETWORKS[name](short))


@pytest.mark.training
def test_a_forest_recognises_what_it_was_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr(of_forest, "TREES", 40)
    (source, label), (target, true) = part(0), part(1)
    assert np.mean(forest(source.data, label, target.data, 0) == true) > 0.9


class Scripted:
    def __init__(self, answers: list[str | None]) -> None:
        self.answers = answers

    def ask_all(self, messages, form, about):  # type: ignore[no-untyped-def]
        assert form is HarGptAnswer
        assert len(messages) == len(self.answers)
        return [
            EndpointError("no") if a is None else HarGptAnswer(activity=a) for a in self.answers
        ]


def test_hargpt_takes_names_in_any_case_and_counts_the_rest_as_wrong() -> None:
    windows = part(0)[0].where(np.arange(3))
    found = hargpt(windows, NAMES, Scripted(["Sitting", "flying", None]))  # type: ignore[arg-type]
    assert found.tolist() == [2, -1, -1]


def test_hargpts_prompt_holds_the_readings_and_the_candidates() -> None:
    text = prompt(part(0)[0].data[0], NAMES)[0]["content"]
    assert "gyro z" in text
    assert all(name in text for name in NAMES)
