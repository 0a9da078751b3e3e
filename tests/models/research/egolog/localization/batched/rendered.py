"""Rendered seconds and a network for tests."""

from functools import cache

import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.research.egolog.localization.batched.seconds import RenderedSeconds
from models.research.egolog.localization.batched.sources import Placements
from tests.models.research.egolog.localization.batched.material import world

PLACING = Placements(rooms={"open": 0.5, "room": 0.5}, counts=(0.1, 0.9))


@cache
def rendered_seconds() -> RenderedSeconds:
    """A few rendered seconds."""
    return world().draw(PLACING, 16, torch.Generator().manual_seed(0))


def network() -> Localization:
    torch.manual_seed(0)
    return Localization(LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32))
