"""Rules of `models.serving.near_field`, which hold whatever the weights are."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.egolog.near_field import NEAR_FIELD
from models.serving.near_field import NearFieldExtractor
from models.serving.predict import PredictError
from models.serving.registry import Registry
from tests.models import fresh


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def extractor(registry: Registry) -> NearFieldExtractor:
    return NearFieldExtractor(registry)


def second(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 20, (3, 50, 64)).astype(np.float16)


def test_the_share_is_the_networks_and_the_revision_its_weights(
    registry: Registry, extractor: NearFieldExtractor
) -> None:
    loaded = registry.load(NEAR_FIELD)
    [near] = extractor.predict([second(0)])
    with torch.inference_mode():
        share = loaded.module.share(torch.from_numpy(second(0).astype(np.float32))[None])[0]
    assert np.abs(near.share / 255 - share.numpy()).max() < 0.6 / 255
    assert 0 < near.energy < 1
    assert extractor.revision == loaded.revision


def test_a_share_does_not_depend_on_its_company_or_on_where_its_maps_lie(
    extractor: NearFieldExtractor,
) -> None:
    items = [second(seed) for seed in range(5)]
    raw = np.zeros(items[3].nbytes + 1, dtype=np.uint8)[1:]
    odd = np.frombuffer(raw.data, dtype=np.float16).reshape(items[3].shape)
    odd[...] = items[3]
    alone = [extractor.predict([item])[0] for item in items]
    together = extractor.predict([*items[::-1], odd])
    for one, other in zip(alone, together[4::-1], strict=True):
        assert one.energy == other.energy
        assert np.array_equal(one.share, other.share)
    assert np.array_equal(together[5].share, alone[3].share)


@pytest.mark.parametrize("shape", [(1, 50, 64), (10, 50, 64), (3, 50, 32), (3, 0, 64), (50, 64)])
def test_maps_of_other_devices_and_shapes_are_refused(
    extractor: NearFieldExtractor, shape: tuple[int, ...]
) -> None:
    with pytest.raises(PredictError, match=r"expected \(3, 50, 64\)"):
        extractor.predict([np.zeros(shape, np.float16)])


def test_missing_weights_are_named(tmp_path: Path) -> None:
    registry = fresh.registry(tmp_path)
    registry.path(NEAR_FIELD).unlink()
    with pytest.raises(RuntimeError, match="near_field"):
        NearFieldExtractor(registry)
