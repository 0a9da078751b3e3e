from __future__ import annotations

import re
from importlib import resources
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.labels import SCENARIOS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def palette() -> dict[str, str]:
    text = resources.files("streams.web").joinpath("static/palette.js").read_text()
    return dict(re.findall(r'^  "(.+)": "(#[0-9a-f]{6})",$', text, re.M))


def linear(colour: str) -> NDArray[np.float64]:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(TO_LAB @ np.cbrt(TO_LMS @ np.clip(rgb, 0, 1)))


def test_every_scenario_has_a_colour_and_only_scenarios_do() -> None:
    assert sorted(palette()) == sorted(SCENARIOS)


@pytest.mark.parametrize("sight", SIGHT)
def test_every_two_colours_stay_apart_for_every_kind_of_sight(sight: str) -> None:
    seen = {name: oklab(SIGHT[sight] @ linear(colour)) for name, colour in palette().items()}
    nearest = min(
        (float(np.linalg.norm(seen[a] - seen[b])), a, b) for a, b in combinations(seen, 2)
    )
    # 0.02 is just noticeable in Oklab.
    assert nearest[0] >= 0.08, nearest


def test_a_name_on_its_colour_has_readable_contrast() -> None:
    for name, colour in palette().items():
        luminance = float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))
        dark = float(np.array([0.2126, 0.7152, 0.0722]) @ linear("#111317"))
        best = max((luminance + 0.05) / (dark + 0.05), 1.05 / (luminance + 0.05))
        assert best >= 4.5, name
