from collections.abc import Callable
from dataclasses import fields
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import torch

from infra.settings import Settings
from models.egolog.interference_gate import GatedSound, far_source
from models.egolog.microphone_balance import balanced_in_turn
from models.features import Features
from models.labels import ACTIVITIES
from models.research.egolog import har as of_har
from models.research.egolog.days import disturbed as disturbed_days
from models.research.egolog.days.composed import draw_stretch, stream_features
from models.research.egolog.har import ActivityExamples
from models.research.evaluation.composed_days.scores import Networks
from models.research.evaluation.interference import activities as interference
from models.serving import scenario_context
from models.serving.near_field import NearFieldExtractor
from models.serving.predict import (
    ActivityRecognizer,
    ScenarioRecognizer,
    SoundLocalizer,
)
from models.serving.registry import Registry
from models.simulation.sources.material import Material
from schemas import Spatial, Vector
from schemas.evidence import REGIONS
from streams.har import ActivityEstimator
from streams.localization import SpatialEstimator, balance_after
from streams.scenario_estimator import ScenarioEstimator, context
from tests.models import fresh
from tests.streams.engine.fakes import Batcher
from tests.streams.engine.messages import spatial, window


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def networks(registry: Registry) -> Networks:
    return Networks.load(registry)


def seconds(*regions: dict[str, float]) -> list[dict[str, float]]:
    return [{region: second.get(region, 0.0) for region in REGIONS} for second in regions]


def examples(
    count: int,
    networks: Networks | None = None,
    mel: torch.Tensor | None = None,
    imu: torch.Tensor | None = None,
) -> ActivityExamples:
    activity = torch.zeros(count, dtype=torch.long)
    if networks is not None and mel is not None and imu is not None:
        sound, motion = mel.view(count, -1, 64), imu.view(count, -1, 6)
        return of_har.of_windows(networks.encoders, sound, motion, activity)
    present = torch.ones(count, dtype=torch.bool)
    return ActivityExamples(
        torch.zeros(count, 256),
        present,
        torch.zeros(count, 128),
        present,
        torch.zeros(count, 5, 256),
        torch.zeros(count, 5, 128),
        torch.zeros(count, 16),
        activity,
    )


def test_audio_is_dropped_where_only_far_sound_is_heard_in_five_seconds(
    networks: Networks, registry: Registry
) -> None:
    far, beside = {"left-far": 0.96}, {"left-far": 0.96, "front-near": 0.9}
    regions = seconds(*[far] * 5, *[far] * 4, beside, *[{}] * 5)
    mel, maps = np.ones((750, 64), np.float16), np.zeros((15, 3, 50, 64), np.float16)
    extractor = NearFieldExtractor(registry)
    sounds, _ = interference.gated_both_ways(mel, maps, regions, extractor)
    assert [sound.gate for sound in sounds] == ["dropped", "open", "open"]
    before = examples(3)
    kept = interference.with_sound_of(networks, before, sounds)
    with torch.inference_mode():
        silence = networks.encoders.audio_features(torch.zeros(1, 250, 64))
    torch.testing.assert_close(kept.audio[:1], silence, atol=1e-4, rtol=1e-4)
    assert torch.equal(kept.audio[1:], before.audio[1:])
    assert kept.audio_mask.all()
    assert kept.imu_mask.all()


def test_only_windows_that_are_not_open_are_encoded_anew(networks: Networks) -> None:
    mel = np.random.default_rng(0).uniform(0, 10, (250, 64)).astype(np.float16)
    sounds = [GatedSound("open", 0.1, mel), GatedSound("near", 0.1, mel)]
    before = examples(2)
    kept = interference.with_sound_of(networks, before, sounds)
    with torch.inference_mode():
        expected = networks.encoders.audio_features(torch.from_numpy(mel.astype(np.float32))[None])
    torch.testing.assert_close(kept.audio[1:], expected, atol=1e-4, rtol=1e-4)
    assert torch.equal(kept.audio[0], before.audio[0])


class Noting(Batcher):
    """A network behind what agents call, which keeps the items."""

    def __init__(self, call: Callable[[list[Any]], list[Any]]) -> None:
        super().__init__(None)
        self._call = call

    async def submit(self, item: Any) -> Any:
        self.items.append(item)
        return self._call([item])[0]


@pytest.mark.parametrize("kept", ["drop", "near"])
async def test_the_stream_hears_of_a_window_what_the_evaluation_hears(
    registry: Registry, networks: Networks, kept: Literal["drop", "near"]
) -> None:
    rng = np.random.default_rng(3)
    part = draw_stretch(rng, 30, Material(), mono=False)
    _, loud = disturbed_days.plans(part.plan, rng)
    mel, maps = stream_features(part.stage.playing(loud.sounds).audio(0, 5), Features())
    imu = part.stage.imu(0, 5)
    localizer, extractor = SoundLocalizer(registry), NearFieldExtractor(registry)
    # The left microphone is 2 dB louder.
    maps[:, 0] = np.where(maps[:, 0] > 0, maps[:, 0] + np.float16(np.log(10) / 5), 0)
    balanced = balanced_in_turn(maps)
    regions = interference.regions_of(localizer, balanced, torch.from_numpy(imu))
    # Some of the seconds have a likely far source and others have not.
    at_least = sorted(far_source(second) for second in regions)[2]
    dropped, near = interference.gated_both_ways(mel, balanced, regions, extractor, at_least)
    [expected] = near if kept == "near" else dropped

    recognizer = ActivityRecognizer(registry)
    har = Noting(recognizer.estimate)
    runtime: Any = SimpleNamespace(
        sound_localizer=Noting(localizer.locate),
        near_field_extractor=Noting(extractor.predict) if kept == "near" else None,
        activity_recognizer=har,
        ranking=None,
        revisions={"localization": "l", "near_field": "n", "har": "h"},
    )
    settings = Settings(_env_file=None, interference=kept, near_field_from=at_least)
    spatial: list[Spatial] = []
    balance: tuple[float, ...] = ()
    directions = b""
    for second in range(5):
        motion = imu[50 * second : 50 * (second + 1)]
        features = {"maps": Vector.of(maps[second], "<f2"), "imu": Vector.of(motion)}
        estimator = SpatialEstimator(settings, lambda: runtime)
        spatial_window = window("spatial", second, features=features)
        balance = tuple(balance_after(balance, spatial_window))
        spatial.append(await estimator.localize(spatial_window, balance, directions))
        directions = spatial[-1].directions
    features = {"mel": Vector.of(mel, "<f2"), "imu": Vector.of(imu)}
    primary = window("har", features=features)
    agent = ActivityEstimator(settings, lambda: runtime)
    activity = await agent.estimate(primary, spatial, {})
    assert (activity.gate, activity.far_field) == (expected.gate, expected.far_field)
    [item] = har.items
    assert expected.mel is not None
    assert expected.gate == ("near" if kept == "near" else "open")
    assert np.array_equal(item.mel, expected.mel)
    assert np.array_equal(item.mel, mel) == (kept == "drop")
    shared = [second.near_field is not None for second in spatial]
    assert sum(shared) == (0 if kept == "drop" else 3)

    with torch.inference_mode():
        sound = torch.from_numpy(mel.astype(np.float32))
        plain = examples(1, networks, sound, torch.from_numpy(imu))
        shown = interference.with_sound_of(networks, plain, [expected])
        [likeliest] = interference.of_har.predict(networks.har, networks.text, shown)
    assert (
        max(activity.activities, key=lambda name: activity.activities[name])
        == (ACTIVITIES[likeliest])
    )


async def test_the_stream_tells_activities_the_scenario_that_the_evaluation_tells(
    registry: Registry, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What untrained networks say is not television.
    monkeypatch.setattr(scenario_context, "is_attended", lambda _: False)
    rng = np.random.default_rng(4)
    mel = rng.uniform(5, 20, (1500, 64)).astype(np.float16)
    imu = rng.normal(0, 1, (1500, 6)).astype(np.float32)
    regions = [spatial(at, left_far=0.9, front_near=0.9 * (at > 19)) for at in range(30)]
    first = interference.first_window(networks, mel, torch.from_numpy(imu))
    whole, undisturbed = interference.estimate_scenarios(
        networks, first, [each.regions for each in regions]
    )
    assert undisturbed != pytest.approx(whole, abs=0.01)

    recognizer = Noting(ScenarioRecognizer(registry).predict)
    runtime: Any = SimpleNamespace(scenario_recognizer=recognizer, wearers=None, corrected=None)
    estimator = ScenarioEstimator(Settings(_env_file=None), lambda: runtime)
    features = {"mel": Vector.of(mel, "<f2"), "imu": Vector.of(imu)}
    estimate = await estimator.estimate(window("scenario", features=features), regions)
    known = estimate.model_copy(update={"unknown": False})
    assert known.scenarios == pytest.approx(whole, abs=1e-3)
    assert context(known) == pytest.approx(undisturbed, abs=1e-3)


def test_every_way_of_hearing_is_scored_on_the_same_windows(
    registry: Registry, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disturbed_days, "STRETCH_S", 30)
    # What untrained networks say is not television.
    monkeypatch.setattr(interference, "is_attended", lambda _: False)
    days = disturbed_days.compose(0, Material(), None, 2)
    both = SoundLocalizer(registry), NearFieldExtractor(registry)
    kept = interference.windows(networks, *both, days, above=-1.0)
    assert len(kept.clean) == len(kept.near) == len(kept.dropped) == len(kept.kept) == 12
    assert not torch.allclose(kept.clean.audio, kept.interfered.audio)
    for name in (f.name for f in fields(ActivityExamples)):
        if name not in ("audio", "audio_seconds", "scenarios"):
            assert torch.equal(getattr(kept.clean, name), getattr(kept.interfered, name)), name
    accuracies = interference.measure(networks, kept)
    assert set(accuracies) == {"clean", "interfered", "dropped", "near"}
    assert all(0 <= score <= 1 for score in accuracies.values())
    # Always closed, both ways hear silence.
    assert {sound.gate for sound in (*kept.dropped, *kept.kept)} == {"dropped"}
    assert accuracies["dropped"] == accuracies["near"]
    np.testing.assert_array_equal(
        kept.near, days.near.reshape(-1, interference.ACTIVITY_S).any(axis=1)
    )
