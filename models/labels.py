"""The closed label sets, in the order of every network's outputs.

Scenario names are Ego4D's. Sound events are AudioSet-style parents, about fifty in all as in
EgoLog §4.4.1; activities are those of §5.1.3 plus the locomotion that the motion data sets label.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from schemas.evidence import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCENARIOS: tuple[str, ...] = (
    "Cooking",
    "Eating",
    "Household cleaners",
    "Cleaning / laundry",
    "Daily hygiene",
    "Working at desk",
    "Participating in a meeting",
    "Talking with friends/housemates",
    "Watching tv",
    "Reading books",
    "Walking on street",
    "Walking the dog / pet",
    "Car - commuting, road trip",
    "Grocery shopping indoors",
    "Working out at home",
    "Handyman",
)

ACTIVITIES: tuple[str, ...] = (
    "walking",
    "sitting",
    "standing",
    "standing up",
    "sitting down",
    "clapping",
    "talking",
    "drinking",
    "typing on a keyboard",
    "eating",
    "watching TV",
    "washing hands",
    "cleaning a room",
    "writing",
    "running",
    "brushing teeth",
)

SOUND_EVENTS: tuple[str, ...] = (
    "speech",
    "laughter",
    "cough",
    "baby cry",
    "snoring",
    "footsteps",
    "clapping",
    "typing",
    "mouse click",
    "writing",
    "water tap",
    "pouring water",
    "drinking",
    "chewing",
    "cutlery",
    "frying",
    "glass",
    "can opening",
    "brushing teeth",
    "toilet flush",
    "vacuum cleaner",
    "washing machine",
    "clock",
    "alarm",
    "door knock",
    "door creak",
    "hand tools",
    "power tools",
    "engine",
    "vehicle",
    "train",
    "aircraft",
    "car horn",
    "siren",
    "bells",
    "music",
    "television",
    "fireworks",
    "wind",
    "rain",
    "thunder",
    "sea waves",
    "fire",
    "birds",
    "dog",
    "cat",
    "farm animals",
    "insects",
)

NAMES_BY_KIND: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"scenario": SCENARIOS, "activity": ACTIVITIES, "sound": SOUND_EVENTS}
)

OTHER_SOUNDS: tuple[str, ...] = (
    "breathing",
    "crowd",
    "other animals",
    "water",
    "explosion",
    "machines",
)
"""Further AudioSet-style parents of the recogniser, for sounds outside `SOUND_EVENTS`."""

RECOGNISED_SOUNDS: tuple[str, ...] = (*SOUND_EVENTS, *OTHER_SOUNDS)
"""All sounds that the recogniser names."""

MOTIONS: tuple[str, ...] = ("walking", "moving", "standing up", "sitting down")

CATEGORIES: tuple[str, ...] = (
    "dog",
    "rooster",
    "pig",
    "cow",
    "frog",
    "cat",
    "hen",
    "insects",
    "sheep",
    "crow",
    "rain",
    "sea_waves",
    "crackling_fire",
    "crickets",
    "chirping_birds",
    "water_drops",
    "wind",
    "pouring_water",
    "toilet_flush",
    "thunderstorm",
    "crying_baby",
    "sneezing",
    "clapping",
    "breathing",
    "coughing",
    "footsteps",
    "laughing",
    "brushing_teeth",
    "snoring",
    "drinking_sipping",
    "door_wood_knock",
    "mouse_click",
    "keyboard_typing",
    "door_wood_creaks",
    "can_opening",
    "washing_machine",
    "vacuum_cleaner",
    "clock_alarm",
    "clock_tick",
    "glass_breaking",
    "helicopter",
    "chainsaw",
    "siren",
    "car_horn",
    "engine",
    "train",
    "church_bells",
    "airplane",
    "fireworks",
    "hand_saw",
)
"""ESC-50's classes, by its `target` column."""

LABELS: dict[str, tuple[str, ...]] = {
    "regions": REGIONS,
    "scenarios": SCENARIOS,
    "activities": ACTIVITIES,
    "sound_events": SOUND_EVENTS,
    "recognised_sounds": RECOGNISED_SOUNDS,
    "motions": MOTIONS,
    "categories": CATEGORIES,
}


def learnable(scenarios: Sequence[str]) -> list[str]:
    """Return a window's scenarios as the network may learn them: none if it lacks one of them.

    Fine-tuning adds no classes (EgoLog §4.4.2), and without the unknown one the labels would be
    incomplete.
    """
    return [*scenarios] if set(scenarios) <= set(SCENARIOS) else []
