import numpy as np
import pytest
import torch

from models.egolog.har import Har
from models.egolog.scenario_text import ScenarioText
from models.research.egolog import har
from models.research.lib.fit import Fit
from models.research.lib.metrics import accuracy
from tests.models import fresh
from tests.models.research.egolog import synthetic


def text() -> ScenarioText:
    found = fresh.networks()["scenario_text"]
    assert isinstance(found, ScenarioText)
    return found


def test_every_window_knows_the_scenarios_of_its_middle() -> None:
    days = synthetic.encoded(2, 30)
    days.scenarios[0, :8, 5] = 1
    examples = har.of_days(days)
    assert len(examples) == 12
    assert examples.scenarios[0].nonzero().flatten().tolist() == [0, 5]
    assert examples.scenarios[1].nonzero().flatten().tolist() == [0, 5]
    assert examples.scenarios[2].nonzero().flatten().tolist() == [0]
    assert examples.activity[:4].tolist() == [0, 1, 0, 1]


def test_real_motion_has_neither_sound_nor_scenario() -> None:
    examples = har.of_motion(torch.randn(4, 128), np.array([3, -1, 0, -1]))
    assert examples.activity.tolist() == [3, 0]
    assert not examples.audio_mask.any()
    assert examples.imu_mask.all()
    assert not examples.scenarios.any()


def test_what_is_taken_away_changes_nothing_any_more() -> None:
    network, names = Har().eval(), text()
    examples = har.of_days(synthetic.encoded(4, 30))
    other = har.of_days(synthetic.encoded(4, 30, seed=9))
    blind = har.without(examples, "audio", "imu", "scenario")
    assert torch.equal(
        har.scores(network, names, blind),
        har.scores(network, names, har.without(other, "audio", "imu", "scenario")),
    )
    assert not torch.equal(har.scores(network, names, examples), har.scores(network, names, blind))


@pytest.mark.training
def test_training_fuses_what_no_modality_knows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "BATCH", 64)
    days, check = synthetic.encoded(32, 60), synthetic.encoded(16, 60, seed=1)
    network = har.train(days, check, text(), Fit(minutes=1, steps=50, checks=4, rate=2e-3), 0)
    examples = har.of_days(check)
    truth = examples.activity.numpy()

    def score(*missing: str) -> float:
        return accuracy(har.predict(network, text(), har.without(examples, *missing)), truth)

    assert score() > 0.9
    assert score("scenario") > 0.8
    # Sound tells one of four scenarios, motion one of two halves: alone neither can do better.
    assert score("audio", "scenario") < 0.45
    assert score("imu") < 0.7
