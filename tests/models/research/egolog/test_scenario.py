from typing import get_args

import numpy as np
import pytest
import torch

from models.egolog.contrastive import SharedSpace
from models.egolog.scenario import ScenarioNet, Sequence
from models.labels import SCENARIOS
from models.research.egolog import scenario
from models.research.lib.fit import Fit
from models.research.lib.metrics import micro_f1
from tests.models.research.egolog import synthetic

QUICK = Fit(minutes=1, steps=40, checks=4, rate=3e-3)


@pytest.fixture(scope="module")
def space() -> SharedSpace:
    torch.manual_seed(0)
    return SharedSpace().eval()


def test_windows_are_cut_end_to_end(space: SharedSpace) -> None:
    days = synthetic.encoded(3, 75)
    windows = scenario.cut_windows(days, space)
    assert len(windows) == 6
    assert windows.segments.audio_features.shape == (6, 15, 256)
    assert torch.equal(windows.segments.imu_features[3, 2], days.imu[1, 34])
    torch.testing.assert_close(
        windows.segments.audio_embedding.norm(dim=-1), torch.ones(6, 15), atol=1e-5, rtol=1e-5
    )


def test_a_scenario_of_a_fifth_of_the_window_is_asked_for(space: SharedSpace) -> None:
    days = synthetic.encoded(1, 60, scenarios=1)
    days.scenarios[0, 30:36, 7] = 1
    days.scenarios[0, 30:35, 8] = 1
    second = scenario.cut_windows(days, space).scenarios[1]
    assert second.nonzero().flatten().tolist() == [0, 7]


def test_noise_jitters_what_is_learned_from_alone(space: SharedSpace) -> None:
    days = synthetic.encoded(2, 30)
    rows, starts = np.array([0, 1]), np.array([0, 0])
    plain = scenario.cut(days, space, rows, starts)
    jittered = scenario.cut(days, space, rows, starts, noise=0.1)
    gap = (jittered.segments.audio_features - plain.segments.audio_features).std()
    assert float(gap) == pytest.approx(0.1 * float(days.audio.std()), rel=0.1)
    assert torch.equal(plain.scenarios, jittered.scenarios)


@pytest.mark.training
@pytest.mark.parametrize("sequence", get_args(Sequence))
def test_training_tells_scenarios_apart_by_either_modality(
    sequence: Sequence, space: SharedSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario, "BATCH", 32)
    days, check = synthetic.encoded(32, 60), synthetic.encoded(16, 60, seed=1)
    network = scenario.train(
        days, check, space, QUICK, 0, sequence=sequence, key_frames=sequence != "none"
    )
    assert network.config.sequence == sequence
    windows = scenario.cut_windows(check, space)
    truth = windows.scenarios.numpy()
    probability = scenario.predict(network, windows)
    assert probability.shape == (32, len(SCENARIOS))
    assert micro_f1(probability, truth) > 0.9
    assert micro_f1(scenario.predict(network, windows, "audio"), truth) > 0.6
    assert micro_f1(scenario.predict(network, windows, "imu"), truth) > 0.6


def test_thinned_windows_never_lose_everything(space: SharedSpace) -> None:
    segments = scenario.cut_windows(synthetic.encoded(64, 60), space).segments
    rng = np.random.default_rng(0)
    lost = torch.zeros(2)
    for _ in range(4):
        thinned = scenario._drop_inputs(segments, rng)
        assert (thinned.audio_mask | thinned.imu_mask).any(dim=1).all()
        lost += torch.stack(
            [(~thinned.audio_mask).float().mean(), (~thinned.imu_mask).float().mean()]
        )
    assert (lost / 4 > 0.1).all()
    assert (lost / 4 < 0.5).all()


def test_windows_are_spliced_from_stretches_that_live_the_same_throughout() -> None:
    days = synthetic.encoded(9, 60, scenarios=2)
    days.scenarios[4, 30:, 7] = 1
    alike = scenario.SimilarStretches.of(days)
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(9), 200)
    others, from_others = alike.draw(rows, rng)
    found = {row: set(others[rows == row].tolist()) for row in range(9)}
    assert found[0] == {0, 2, 6, 8}
    assert found[3] == {1, 3, 5, 7}
    assert found[4] == {4}
    share = from_others.any(axis=1).mean()
    assert share == pytest.approx(scenario.SPLICED, abs=0.05)
    assert from_others.sum(axis=1).max() <= 8


def test_a_spliced_segment_keeps_sound_and_motion_together(space: SharedSpace) -> None:
    days = synthetic.encoded(2, 30)
    one, other = (
        scenario.cut(days, space, np.array([row]), np.array([0])).segments for row in (0, 1)
    )
    marked = np.zeros((1, 15), bool)
    marked[0, 4] = True
    both = scenario._splice(one, other, marked)
    for name in ("audio_features", "imu_features", "audio_embedding", "imu_embedding"):
        assert torch.equal(getattr(both, name)[0, 4], getattr(other, name)[0, 4])
        assert torch.equal(getattr(both, name)[0, 5], getattr(one, name)[0, 5])


def test_windows_are_on_the_device_of_their_days() -> None:
    days = synthetic.encoded(2, 30).to("meta")
    rows, starts, rng = np.array([0, 1]), np.array([0, 0]), np.random.default_rng(0)
    # A meta tensor never mixes with others.
    windows = scenario.cut(days, SharedSpace().to("meta"), rows, starts, noise=0.4)
    spliced = scenario._splice(windows.segments, windows.segments, np.ones((2, 15), bool))
    joined, weights = ScenarioNet().to("meta").join(scenario._drop_inputs(spliced, rng))
    found = (windows.scenarios, windows.segments.audio_mask, joined, weights)
    assert {each.device.type for each in found} == {"meta"}
