from pathlib import Path

import torch

from models.research.egolog.localization.batched.drawn import drawn_columns, seconds_of
from models.research.egolog.localization.batched.seconds import World
from models.research.egolog.localization.batched.sources import Placements
from tests.models.research.egolog.localization.batched.material import world
from tests.models.research.egolog.localization.batched.rendered import PLACING


def _never() -> World:
    raise AssertionError("read from the cache; expected no world")


def test_clips_are_drawn_once(tmp_path: Path) -> None:
    first = seconds_of(drawn_columns(world, PLACING, 1, 0, tmp_path))
    again = seconds_of(drawn_columns(_never, PLACING, 1, 0, tmp_path))
    assert len(first.maps) == 2
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_other_seeds_and_placings_are_other_clips(tmp_path: Path) -> None:
    elsewhere = Placements(rooms={"room": 1.0}, counts=(0.0, 1.0))
    drawn = [
        seconds_of(drawn_columns(world, placing, 1, seed, tmp_path))
        for placing, seed in ((PLACING, 0), (PLACING, 1), (elsewhere, 0))
    ]
    assert not torch.equal(drawn[0].maps, drawn[1].maps)
    assert not torch.equal(drawn[0].maps, drawn[2].maps)
