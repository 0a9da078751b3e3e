import numpy as np
import pytest

from models.labels import ACTIVITIES, SCENARIOS
from models.simulate.clips import activity_clip, scenario_clip, spatial_clip


def test_a_scenario_clip_has_the_shapes_it_promises() -> None:
    clip = scenario_clip(np.random.default_rng(1), seconds=10)
    assert clip.audio.shape == (2, 160_000)
    assert clip.audio.dtype == clip.imu.dtype == np.float32
    assert clip.imu.shape == (500, 6)
    assert clip.scenarios.shape == (16,)
    assert clip.activities.shape == (2,)
    assert clip.events.shape == (5, 48)
    assert clip.motions.shape == (5,)
    assert clip.regions.shape == (10, 8)
    assert np.abs(clip.audio).max() <= 1
    assert clip.scenarios.sum() >= 1


def test_a_clip_is_a_function_of_its_seed() -> None:
    first, same, other = (spatial_clip(np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.audio, same.audio)
    np.testing.assert_array_equal(first.imu, same.imu)
    assert not np.array_equal(first.audio, other.audio)


def test_a_clip_of_a_scenario_is_labelled_with_it() -> None:
    clip = scenario_clip(np.random.default_rng(5), scenario="Reading books", seconds=6)
    assert clip.scenarios[SCENARIOS.index("Reading books")] == 1


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_an_activity_clip_is_labelled_with_it(activity: str) -> None:
    clip = activity_clip(np.random.default_rng(7), activity=activity)
    assert ACTIVITIES[int(clip.activities[0])] == activity


def test_spatial_clips_cover_every_region_alike() -> None:
    clips = [spatial_clip(np.random.default_rng([8, i]), seconds=2) for i in range(50)]
    regions = np.mean([clip.regions.mean(axis=0) for clip in clips], axis=0)
    assert regions.min() > 0.04
    assert regions.max() < 0.4


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(KeyError, match="Fishing"):
        scenario_clip(np.random.default_rng(1), scenario="Fishing")
