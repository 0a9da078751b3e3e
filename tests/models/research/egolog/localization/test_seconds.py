from pathlib import Path

import numpy as np
import pytest

from models.features import Features
from models.research.egolog.localization.seconds import SECONDS, clip, spatial_seconds
from tests.models.research.egolog.localization.material import surroundings


def test_seconds_have_the_shapes_they_promise() -> None:
    made = spatial_seconds(surroundings(), 0, 6, None)
    assert len(made) == 6 * SECONDS
    assert made.maps.shape == (12, 3, 50, 64)
    assert made.imu.shape == (12, 50, 6)
    assert made.azimuth.shape == made.near.shape == (12, 3)
    assert made.maps.dtype == np.float16
    assert made.regions.shape == (12, 8)
    assert (made.turn > 0).all()


def test_truth_names_a_region_for_every_source_and_no_other() -> None:
    made = spatial_seconds(surroundings(), 0, 12, None)
    sources = (~np.isnan(made.azimuth)).sum(axis=1)
    assert (made.regions.sum(axis=1) <= sources).all()
    assert ((made.regions.sum(axis=1) > 0) == (sources > 0)).all()
    assert set(sources.tolist()) <= {0, 1, 2, 3}


def test_seconds_are_made_once_and_then_read(tmp_path: Path) -> None:
    made = spatial_seconds(surroundings(), 3, 2, tmp_path)
    stamps = {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*.npy")}
    again = spatial_seconds(surroundings(), 3, 2, tmp_path)
    assert np.array_equal(made.maps, again.maps)
    assert {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*.npy")} == stamps


def test_splits_share_no_placement() -> None:
    train, test = (spatial_seconds(surroundings(stream), 0, 3, None) for stream in (1, 3))
    assert not np.array_equal(train.azimuth, test.azimuth, equal_nan=True)


@pytest.mark.parametrize("seed", range(3))
def test_a_far_source_moves_against_the_head(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        made = clip(surroundings(), rng, Features())
        alone = (~np.isnan(made.azimuth)).sum(axis=1) == 1
        if alone.all() and not made.near[:, 0].any():
            # A turn about gravity, which lies along the sensor's x.
            yaw = np.cumsum(made.imu[:, :, 3]).reshape(2, 50) / 50
            turned = yaw[1].mean() - yaw[0].mean()
            moved = np.angle(np.exp(1j * (made.azimuth[1, 0] - made.azimuth[0, 0])))
            assert moved == pytest.approx(-turned, abs=0.06)
            return
    pytest.fail("no clip of a single far source in twenty")
