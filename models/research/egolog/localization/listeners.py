"""What localization listens with: its planes of maps, the ring of its ears and its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from models.egolog.localization import (
    LOCALIZATION,
    LOCALIZATION_GLASSES,
    LOCALIZATION_HEADPHONES,
    LOCALIZATION_MONO,
    Localization,
)

if TYPE_CHECKING:
    from models.network.key import Key
    from models.research.egolog.localization.seconds import Ring

Listener = Literal["mono", "binaural", "glasses", "headphones"]
MAPS: dict[Listener, int] = {"mono": 1, "binaural": 3, "glasses": 10, "headphones": 10}
RINGS: dict[Listener, Ring] = {
    "mono": "binaural",
    "binaural": "binaural",
    "glasses": "glasses",
    "headphones": "headphones",
}
# Keys of the weights.
WEIGHTS: dict[Listener, Key[Localization]] = {
    "mono": LOCALIZATION_MONO,
    "binaural": LOCALIZATION,
    "glasses": LOCALIZATION_GLASSES,
    "headphones": LOCALIZATION_HEADPHONES,
}
