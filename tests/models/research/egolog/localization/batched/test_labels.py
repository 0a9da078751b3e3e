import numpy as np
import pytest
import torch

from models.research.egolog.localization.batched.labels import heat_of, regions_of
from models.research.egolog.localization.spatial_seconds import SpatialSeconds
from models.research.egolog.localization.training import heat_of as heat_of_one_clip


def test_truth_is_that_of_single_clips() -> None:
    rng = np.random.default_rng(0)
    azimuth = rng.uniform(-np.pi, np.pi, (40, 3)).astype(np.float32)
    distance = np.exp(rng.uniform(np.log(0.2), np.log(5), (40, 3))).astype(np.float32)
    there = rng.random((40, 3)) < 0.6
    azimuth[~there], distance[~there] = np.nan, np.nan
    nothing = np.zeros(40, np.float32)
    single = SpatialSeconds(nothing, nothing, azimuth, distance, nothing)  # type: ignore[arg-type]
    is_audible = torch.from_numpy(there)
    towards = torch.from_numpy(np.nan_to_num(azimuth))
    nearness = torch.from_numpy(single.nearness)
    near = torch.from_numpy(single.near.astype(np.float32))
    assert regions_of(is_audible, towards, nearness).numpy() == pytest.approx(single.soft_regions)
    assert np.array_equal(regions_of(is_audible, towards, near).numpy(), single.regions)
    heat = heat_of(is_audible, towards, nearness).numpy()
    assert heat == pytest.approx(heat_of_one_clip(azimuth, single.nearness), abs=1e-5)
