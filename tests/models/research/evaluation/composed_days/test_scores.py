from pathlib import Path

import pytest
import torch

from models.labels import SCENARIOS
from models.research.egolog import scenario as of_scenario
from models.research.egolog.days.encoded import encode
from models.research.evaluation.composed_days import lengths
from models.research.evaluation.composed_days import scores as composed_life
from models.research.evaluation.composed_days.scores import Life, Networks
from models.serving.registry import Registry
from models.simulation.sources.material import Material
from tests.models import fresh
from tests.models.research.egolog import synthetic


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def networks(registry: Registry) -> Networks:
    return Networks.load(registry)


@pytest.fixture(scope="module")
def life(networks: Networks) -> Life:
    days = synthetic.days(4, 150)
    return Life(days, encode(networks.encoders, days))


def test_activities_are_given_the_scenario_of_the_thirty_seconds_before(
    networks: Networks, life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = of_scenario.cut_windows(life.encoded, networks.encoders.space)
    assert len(windows) == 4 * 5
    logits = torch.zeros(20, len(SCENARIOS))
    logits[torch.arange(20), torch.arange(20) % 5] = 0.99
    monkeypatch.setattr(composed_life.of_scenario, "predict", lambda *_: logits.numpy())
    examples = composed_life.examples_as_streamed(networks, life.encoded)
    assert len(examples) == 4 * 24
    contexts = examples.scenarios.view(4, 4, 6, len(SCENARIOS))
    for block in range(4):
        assert (contexts[:, block].argmax(-1) == block).all()
        assert (contexts[:, block].sum(-1) == 1).all()
    assert torch.equal(examples.imu.view(4, 24, -1), life.encoded.imu_5s[:, 6:30])
    assert torch.equal(examples.activity.view(4, 24), life.encoded.activity[:, 6:30])


def test_scenarios_are_scored_whole_and_without_each_part(
    registry: Registry, networks: Networks, life: Life
) -> None:
    found = composed_life.measure_scenario(registry, networks, life)
    assert set(found) == {
        "f1",
        "f1_with_memory",
        "f1_audio",
        "f1_imu",
        "f1_without_contrastive",
        "f1_without_sequence",
        "chance",
    }  # fmt: skip
    assert all(0 <= score <= 1 for score in found.values())
    # Four stretches of one scenario each: naming all four is right once in four.
    assert found["chance"] == pytest.approx(0.4)


def test_activities_are_scored_whole_and_without_each_part(networks: Networks, life: Life) -> None:
    found = composed_life.measure_har(networks, life)
    assert set(found) == {
        "accuracy", "accuracy_audio", "accuracy_imu", "accuracy_without_scenario", "chance"
    }  # fmt: skip
    assert found["chance"] == pytest.approx(0.25)


def test_unseen_life_is_heard_with_two_ears_and_differs_by_seed(
    networks: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composed_life, "STRETCH_S", 30)
    one, other = (
        composed_life.unseen_life(networks, Material(), seed, tmp_path, count=1) for seed in (0, 1)
    )
    assert one.days.seconds == one.encoded.seconds == 30
    assert not torch.equal(one.encoded.audio, other.encoded.audio)
    assert all("-ears-" in folder.name for folder in tmp_path.iterdir())


def test_scores_are_given_for_every_length(networks: Networks, life: Life) -> None:
    scenarios, activities = (
        measured(networks, life) for measured in (lengths.scenario_by_length, lengths.har_by_length)
    )
    assert set(scenarios) == {"10", "30", "60", "120"}
    assert set(activities) == {"1", "2", "5", "10"}
    assert all(0 <= score <= 1 for score in (*scenarios.values(), *activities.values()))
