from __future__ import annotations

import torch

from models.egolog.sound_directions import sectors
from schemas.evidence import REGIONS


def test_heat_in_a_quarter_speaks_for_its_region_alone() -> None:
    for degrees, region in ((10, "front-far"), (100, "left-far"), (190, "back-far"), (-80, "right-far")):  # fmt: skip # noqa: E501
        heat = torch.full((1, 2, 72), -5.0)
        heat[0, 1, int((degrees % 360) // 5)] = 5.0
        assert REGIONS[int(sectors(heat).flatten(1).argmax())] == region
