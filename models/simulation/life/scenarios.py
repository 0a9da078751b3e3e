"""The composition of each scenario: rooms, activities, near and far sounds, as shares of time.

Scenarios overlap as in EgoLog's Fig. 2: half of the time of each is shared activities and sounds
(sitting, standing, walking, talk nearby); the other half is specific to it, and even then a far
interferer that belongs to no scenario is present most of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from models.labels import SOUND_EVENTS
from models.simulation.life.motion import Manner


@dataclass(frozen=True)
class Doing:
    """An activity: the head's motion, the wearer's own sounds with weights, their time share."""

    manner: Manner
    sounds: dict[str, float]
    share: float
    seconds: tuple[int, int] = (6, 11)


DOINGS: dict[str, Doing] = {
    "walking": Doing(Manner("walk", 4, 0.18, None, 110), {"footsteps": 1}, 0.9),
    "sitting": Doing(Manner("sit", 8, 0.12), {}, 0.0),
    "standing": Doing(Manner("stand", 6, 0.18, None, 40), {}, 0.0),
    "standing up": Doing(Manner("stand", 5, 0.0, None, 10), {}, 0.0, (3, 4)),
    "sitting down": Doing(Manner("sit", 5, 0.0, None, 10), {}, 0.0, (3, 4)),
    "clapping": Doing(Manner("stand", 0, 0.1, "clap"), {"clapping": 1}, 0.95),
    "talking": Doing(Manner("sit", 0, 0.3, "nod"), {"speech": 6, "laughter": 1}, 0.7),
    "drinking": Doing(Manner("sit", 3, 0.08, "sip"), {"drinking": 3, "glass": 1}, 0.75),
    "typing on a keyboard": Doing(
        Manner("sit", 14, 0.08, "keys"), {"typing": 5, "mouse click": 1}, 0.85
    ),
    "eating": Doing(Manner("sit", 12, 0.1, "chew"), {"chewing": 2, "cutlery": 3}, 0.85),
    "watching TV": Doing(Manner("sit", 0, 0.04), {}, 0.0),
    "washing hands": Doing(Manner("stand", 25, 0.05, "wash"), {"water tap": 1}, 0.95, (7, 12)),
    "cleaning a room": Doing(
        Manner("stand", 28, 0.15, "scrub", 80), {"vacuum cleaner": 6, "water tap": 1}, 0.85
    ),
    "writing": Doing(Manner("sit", 25, 0.05, "pen"), {"writing": 1}, 0.85),
    "running": Doing(Manner("run", 2, 0.1, None, 90), {"footsteps": 1}, 0.95),
    "brushing teeth": Doing(
        Manner("stand", 12, 0.05, "brush"), {"brushing teeth": 1}, 0.95, (8, 14)
    ),
}


# The share of a scenario's time that goes to activities that most have in common.
SHARED_TIME = 0.52
# Far sounds during these.
COMMON_FAR: dict[str, float] = {
    "speech": 5,
    "music": 1.5,
    "footsteps": 1.5,
    "television": 0.8,
    "door creak": 0.4,
    "door knock": 0.4,
    "clock": 0.6,
    "vehicle": 0.8,
    "birds": 0.6,
}
COMMON_FAR_SHARE = 0.3
# Interferers: mostly the classes of NIGENS, which EgoLog's loudspeaker played (§5.1.3), as far as
# we have them, and sometimes any other sound, so that no interferer identifies a scenario.
_NIGENS = (
    "alarm",
    "baby cry",
    "dog",
    "door knock",
    "engine",
    "fire",
    "footsteps",
    "glass",
    "laughter",
    "music",
    "speech",
)
INTERFERERS: dict[str, float] = dict.fromkeys(SOUND_EVENTS, 0.3 / len(SOUND_EVENTS))
for _label in _NIGENS:
    INTERFERERS[_label] += 0.7 / len(_NIGENS)


@dataclass(frozen=True)
class Own:
    """An activity specific to a scenario: its share among these, and its near sounds.

    If `sounds` is None, the activity has its usual sounds; `near_share` is the share of the time
    that they fill; `gesture` is that of the hands where the activity does not determine it.
    """

    share: float
    sounds: dict[str, float] | None = None
    near_share: float = 0.9
    gesture: str | None = None


@dataclass(frozen=True)
class Setting:
    """A scenario: rooms, shared activities, its own activities and their far sounds.

    `shared_time` is the share of its time that goes to the shared activities.
    """

    rooms: tuple[str, ...]
    shared: dict[str, float]
    own: dict[str, Own]
    far: dict[str, float] = field(default_factory=dict)
    far_share: float = 0.4
    shared_time: float = SHARED_TIME

    @property
    def activities(self) -> tuple[str, ...]:
        """Every activity of the scenario, posture changes aside."""
        return tuple(dict.fromkeys([*self.shared, *self.own]))


SETTINGS: dict[str, Setting] = {
    "Cooking": Setting(
        ("room", "room"),
        {"standing": 4, "walking": 3, "talking": 3},
        {
            "standing": Own(
                7,
                {"frying": 5, "cutlery": 2, "pouring water": 2, "can opening": 1.5, "glass": 0.5},
                gesture="scrub",
            ),
            "washing hands": Own(2),
        },
        {"frying": 2, "washing machine": 0.5, "alarm": 0.5},
    ),
    "Eating": Setting(
        ("room", "hall"),
        {"sitting": 6, "talking": 4},
        {"eating": Own(7), "drinking": Own(2.5, {"drinking": 2, "glass": 1, "pouring water": 0.7})},
        {"cutlery": 3, "laughter": 1, "glass": 0.7},
    ),
    "Household cleaners": Setting(
        ("room", "hall"),
        {"walking": 5, "standing": 4, "talking": 1},
        {"cleaning a room": Own(9, {"vacuum cleaner": 7, "pouring water": 0.6, "water tap": 1})},
        {"washing machine": 0.5, "dog": 0.6, "door creak": 0.6},
    ),
    "Cleaning / laundry": Setting(
        ("room", "bathroom"),
        {"standing": 5, "walking": 4, "talking": 1},
        {
            "standing": Own(5, {"washing machine": 5, "water tap": 1.5}, gesture="scrub"),
            "cleaning a room": Own(3, {"water tap": 1.5, "washing machine": 2}),
        },
        {"washing machine": 5, "water tap": 1},
        far_share=0.6,
    ),
    "Daily hygiene": Setting(
        ("bathroom",),
        {"standing": 7, "walking": 3},
        {
            "brushing teeth": Own(5),
            "washing hands": Own(3),
            "standing": Own(2, {"toilet flush": 4, "water tap": 1}),
        },
        {"toilet flush": 1, "water tap": 2, "cough": 0.5},
    ),
    "Working at desk": Setting(
        ("room", "hall"),
        {"sitting": 7, "talking": 2, "standing": 1},
        {
            "typing on a keyboard": Own(7),
            "sitting": Own(2, {"mouse click": 1}, gesture="keys"),
            "drinking": Own(0.5),
        },
        {"typing": 3, "mouse click": 0.7, "alarm": 0.3},
    ),
    "Participating in a meeting": Setting(
        ("hall", "room"),
        {"sitting": 6, "talking": 4},
        {"writing": Own(6), "clapping": Own(3), "sitting": Own(2, {"cough": 1, "writing": 1})},
        {"speech": 6, "clapping": 2, "cough": 1},
        far_share=0.7,
    ),
    "Talking with friends/housemates": Setting(
        ("room", "hall"),
        {"sitting": 4, "talking": 3, "standing": 3},
        {
            "talking": Own(7, {"laughter": 3, "speech": 2}),
            "drinking": Own(2, {"glass": 1.5, "drinking": 1, "can opening": 1}),
        },
        {"laughter": 4, "speech": 2, "glass": 0.7},
        far_share=0.6,
    ),
    "Watching tv": Setting(
        ("room",),
        {"sitting": 8, "talking": 2},
        {"watching TV": Own(9, {})},
        {"television": 9},
        far_share=0.95,
    ),
    "Reading books": Setting(
        ("room", "room"),
        {"sitting": 9, "standing": 1},
        {"sitting": Own(8, {"cat": 1.5, "snoring": 0.7}, near_share=0.4), "drinking": Own(1)},
        {"clock": 5, "fire": 3, "cat": 1.5, "rain": 1.5},
        far_share=0.8,
    ),
    "Walking on street": Setting(
        ("street",),
        {"walking": 7, "standing": 2, "talking": 1},
        {"walking": Own(7), "running": Own(0.8)},
        {"vehicle": 3, "engine": 3, "car horn": 3, "siren": 3, "train": 1.5, "bells": 1},
        far_share=0.85,
    ),
    "Walking the dog / pet": Setting(
        ("street",),
        {"walking": 7, "standing": 2, "talking": 1},
        {
            "walking": Own(6, {"dog": 3, "footsteps": 1}),
            "standing": Own(3, {"dog": 1}, near_share=0.6),
        },
        {"dog": 4, "birds": 4, "wind": 2, "insects": 2},
        far_share=0.7,
    ),
    "Car - commuting, road trip": Setting(
        ("car",),
        {"sitting": 8, "talking": 2},
        {"sitting": Own(9, {"engine": 6, "car horn": 1, "siren": 0.4}, near_share=0.7)},
        {"engine": 6, "vehicle": 2, "car horn": 1, "rain": 0.7},
        far_share=0.8,
    ),
    "Grocery shopping indoors": Setting(
        ("hall",),
        {"walking": 5, "standing": 4, "talking": 1},
        {
            "walking": Own(3, {"footsteps": 1, "door creak": 1, "baby cry": 0.5}),
            "standing": Own(4, {"glass": 2, "can opening": 1.5, "alarm": 1}, near_share=0.7),
        },
        {"alarm": 4, "baby cry": 3, "footsteps": 1, "speech": 1},
        far_share=0.75,
    ),
    "Working out at home": Setting(
        ("room",),
        {"standing": 5, "sitting": 3, "walking": 2},
        {
            "running": Own(6),
            "standing": Own(2, {"cough": 1, "footsteps": 1}, gesture="scrub"),
            "clapping": Own(1),
        },
        {"music": 6, "clapping": 1},
        far_share=0.75,
    ),
    "Handyman": Setting(
        ("room", "hall", "street"),
        {"standing": 7, "walking": 3},
        {
            "standing": Own(
                8, {"hand tools": 5, "power tools": 5, "door knock": 1}, gesture="scrub"
            ),
            "sitting": Own(1.5, {"hand tools": 1}, gesture="scrub"),
        },
        {"hand tools": 2, "power tools": 2},
    ),
}

# Scenarios that are simultaneous in real life; Ego4D labels a video with all of them.
TOGETHER: tuple[tuple[str, str], ...] = (
    ("Cooking", "Talking with friends/housemates"),
    ("Cooking", "Household cleaners"),
    ("Eating", "Watching tv"),
    ("Eating", "Talking with friends/housemates"),
    ("Working at desk", "Participating in a meeting"),
    ("Household cleaners", "Cleaning / laundry"),
    ("Daily hygiene", "Cleaning / laundry"),
    ("Walking on street", "Walking the dog / pet"),
    ("Watching tv", "Working out at home"),
    ("Reading books", "Watching tv"),
    ("Car - commuting, road trip", "Talking with friends/housemates"),
    ("Grocery shopping indoors", "Talking with friends/housemates"),
    ("Handyman", "Household cleaners"),
)
