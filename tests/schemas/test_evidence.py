from __future__ import annotations

from zlib import crc32

import msgpack
import numpy as np
import pytest

from schemas import REGIONS, NearPart, Spatial, Vector
from schemas.errors import InvalidError
from tests.streams.engine.messages import spatial


def with_share(share: Vector, energy: float = 0.5) -> Spatial:
    return spatial().model_copy(
        update={"near_field": NearPart.model_construct(share=share, energy=energy)}
    )


def test_a_second_of_before_near_fields_is_read_as_one_without() -> None:
    body = spatial(3, back_far=0.5).model_dump(mode="python")
    del body["near_field"]
    packed = msgpack.packb(body, use_bin_type=True)
    old = msgpack.packb([Spatial.TYPE, 1, crc32(packed), packed], use_bin_type=True)
    assert Spatial.decode(old) == spatial(3, back_far=0.5)


def test_a_record_does_not_spell_out_what_it_does_not_say() -> None:
    assert "near_field" not in spatial(3, back_far=0.5).fields()
    assert Spatial.decode(spatial(3, back_far=0.5).encode()).near_field is None


def test_the_share_of_a_second_arrives_as_it_was_sent_and_is_small() -> None:
    share = np.random.default_rng(0).integers(0, 256, (50, 64))
    encoded = with_share(Vector.of(share, "|u1"), 0.1234).encode()
    assert len(encoded) < 4_000 < Spatial.MAX_BYTES
    near = Spatial.decode(encoded).near_field
    assert near is not None
    assert near.energy == 0.1234
    assert np.array_equal(near.share.array(), share)


@pytest.mark.parametrize(
    ("share", "energy"),
    [
        (Vector.of(np.zeros((50, 63)), "|u1"), 0.5),
        (Vector.of(np.zeros((250, 64)), "|u1"), 0.5),
        (Vector.of(np.zeros((50, 64)), "<f2"), 0.5),
        (Vector.of(np.zeros((50, 64)), "|u1"), 1.1),
    ],
    ids=["bands", "frames", "dtype", "energy"],
)
def test_a_share_of_anything_but_a_second_is_refused(share: Vector, energy: float) -> None:
    with pytest.raises(InvalidError, match="spatial field near_field"):
        Spatial.decode(with_share(share, energy).encode())


def test_every_region_is_a_direction_near_or_far() -> None:
    assert len(REGIONS) == 8
    assert {name.split("-")[1] for name in REGIONS} == {"near", "far"}
