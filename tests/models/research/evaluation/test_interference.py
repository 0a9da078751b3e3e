from dataclasses import fields

import numpy as np
import pytest
import torch

from models.egolog.near_field import NearField
from models.research.egolog.har import ActivityExamples
from models.research.evaluation import interference
from models.research.evaluation.composed_life import Networks
from models.serving.predict import SoundLocalizer
from models.serving.registry import Registry
from models.simulation.life import day_plan
from models.simulation.sources.material import Material
from schemas.evidence import REGIONS
from tests.models import fresh


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def networks(registry: Registry) -> Networks:
    return Networks.load(registry)


def seconds(*heard: dict[str, float]) -> list[dict[str, float]]:
    return [{region: second.get(region, 0.0) for region in REGIONS} for second in heard]


def examples(count: int) -> ActivityExamples:
    present = torch.ones(count, dtype=torch.bool)
    return ActivityExamples(
        torch.zeros(count, 256),
        present,
        torch.zeros(count, 128),
        present,
        torch.zeros(count, 16),
        torch.zeros(count, dtype=torch.long),
    )


def test_audio_is_dropped_where_five_seconds_are_far_only_on_average() -> None:
    far, faint, near = {"left-far": 0.96}, {"left-far": 0.6}, {"front-near": 0.9}
    regions = seconds(*[far] * 5, *[far] * 4, faint, *[far] * 4, near)
    kept = interference._dropped(examples(3), regions)
    assert kept.audio_mask.tolist() == [False, True, True]
    assert kept.imu_mask.all()


class Everything(NearField):
    """Says the same share of every band."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.said = share

    def share(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.full((len(maps), 50, 64), self.said)


def test_the_far_share_of_every_band_is_taken_away(networks: Networks) -> None:
    mel, maps = torch.rand(500, 64) * 10, np.zeros((10, 3, 50, 64), np.float16)
    half = torch.log1p(torch.expm1(mel.double()) / 2).half().float()
    for share, expected_mel in ((0.0, torch.zeros(500, 64)), (0.5, half)):
        kept = interference._near_only(networks, Everything(share), examples(2), mel, maps)
        with torch.inference_mode():
            expected = networks.encoders.audio_features(expected_mel.view(2, 250, 64))
        torch.testing.assert_close(kept.audio, expected, atol=1e-3, rtol=1e-3)
        assert kept.audio_mask.all()


def test_the_loudspeaker_is_far_and_never_pauses_and_the_rest_is_the_wearers() -> None:
    plan = day_plan.compose(np.random.default_rng(0), [(("Watching tv",), 60)])
    quiet, loud = interference._plans(plan, np.random.default_rng(1))
    assert quiet.activities == loud.activities == plan.activities
    assert all(event.near for event in quiet.sounds)
    added = [event for event in loud.sounds if event not in quiet.sounds]
    assert len(added) == len(loud.sounds) - len(quiet.sounds)
    assert all(event.interferer and not event.near for event in added)
    busy = np.zeros(600, bool)
    for event in added:
        busy[round(event.start_s * 10) : round(event.stop_s * 10)] = True
    assert busy.mean() > 0.95


def test_every_way_of_hearing_is_scored_on_the_same_windows(
    registry: Registry, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interference, "STRETCH_S", 30)
    shown: list[ActivityExamples] = []
    told = interference.of_har.predict

    def noted(network: object, text: object, given: ActivityExamples) -> np.ndarray:
        shown.append(given)
        return told(network, text, given)  # type: ignore[arg-type]

    monkeypatch.setattr(interference.of_har, "predict", noted)
    found = interference.measure(
        networks, SoundLocalizer(registry), NearField().eval(), Material(), 0, count=2
    )
    assert set(found) == {"clean", "interfered", "dropped", "near"}
    assert all(0 <= score <= 1 for score in found.values())
    clean, interfered, dropped, _ = shown
    assert len(clean) == 12
    assert not torch.allclose(clean.audio, interfered.audio)
    for name in (f.name for f in fields(ActivityExamples)):
        if name not in ("audio", "audio_mask", "scenarios"):
            assert torch.equal(getattr(clean, name), getattr(interfered, name)), name
        if name != "audio_mask":
            assert torch.equal(getattr(interfered, name), getattr(dropped, name)), name
