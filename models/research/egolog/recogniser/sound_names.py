"""Mapping of the data sets' categories to the recogniser's sounds."""

from __future__ import annotations

from models.egolog.audio_tagger.parents import PARENTS
from models.labels import RECOGNISED_SOUNDS
from models.recordings.datasets import esc50

SOUND_OF_CATEGORY: dict[str, str] = {
    **esc50.EVENT_OF_CATEGORY,
    # ESC-50's that are none of our events.
    "breathing": "breathing",
    "frog": "other animals",
    "sneezing": "cough",
    "water_drops": "water",
    # UrbanSound8K's.
    "air_conditioner": "machines",
    "children_playing": "crowd",
    "dog_bark": "dog",
    "drilling": "power tools",
    "engine_idling": "engine",
    "gun_shot": "explosion",
    "jackhammer": "power tools",
    "street_music": "music",
}
"""The sound of each category of ESC-50 and of UrbanSound8K."""

PARENT_OF_SOUND: dict[str, str] = {
    sound: sound for sound in RECOGNISED_SOUNDS if sound in PARENTS
} | {
    "baby cry": "crying",
    "door creak": "door",
    "door knock": "door",
    "fireworks": "explosion",
    "mouse click": "clicking",
    "pouring water": "water",
    "sea waves": "water",
    "washing machine": "machines",
}
"""The parent of each of the recogniser's sounds; AudioSet has none for opening cans and sipping."""

PARENT_OF_CATEGORY: dict[str, str] = {
    category: PARENT_OF_SOUND[sound]
    for category, sound in SOUND_OF_CATEGORY.items()
    if sound in PARENT_OF_SOUND
}
"""The parent of each category of ESC-50 and UrbanSound8K that has one."""

SAME_CATEGORY: dict[str, str] = {"dog_bark": "dog", "engine_idling": "engine"}
"""UrbanSound8K's categories that ESC-50 has under another name."""

_VOICES = ("speech", "laughter", "baby cry", "breathing", "crowd")

UNKNOWN_BESIDE: dict[str, tuple[str, ...]] = {
    "children_playing": (*_VOICES, "clapping", "birds", "footsteps"),
    "street_music": (*_VOICES, "clapping", "footsteps", "vehicle"),
    "clapping": _VOICES,
    "crying_baby": _VOICES,
    "laughing": _VOICES,
    "air_conditioner": ("engine",),
    "gun_shot": ("fireworks",),
    "fireworks": ("explosion", "crowd"),
    "airplane": ("engine",),
    "helicopter": ("engine",),
    "train": ("engine",),
    "washing_machine": ("machines",),
    "vacuum_cleaner": ("machines",),
    "sea_waves": ("water",),
    "pouring_water": ("water",),
    "car_horn": ("vehicle", "engine"),
    "siren": ("vehicle", "engine"),
    "engine": ("vehicle",),
    "engine_idling": ("vehicle",),
}
"""Sounds that may be present in a category's clips without being labelled."""


def sound_of(category: str) -> int:
    """Return the index in `RECOGNISED_SOUNDS` of a category's sound."""
    return RECOGNISED_SOUNDS.index(SOUND_OF_CATEGORY[category])
