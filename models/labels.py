"""The closed label sets, in the order of every network's outputs.

Scenario names are Ego4D's. Sound events are AudioSet-style parents, about fifty in all as in
EgoLog §4.4.1; activities are those of §5.1.3 plus the locomotion that the motion data sets label.
"""

from __future__ import annotations

from schemas.evidence import REGIONS

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

MOTIONS: tuple[str, ...] = ("walking", "moving", "standing up", "sitting down")

LABELS: dict[str, tuple[str, ...]] = {
    "regions": REGIONS,
    "scenarios": SCENARIOS,
    "activities": ACTIVITIES,
    "sound_events": SOUND_EVENTS,
    "motions": MOTIONS,
}
