"""What each scenario is made of: rooms, activities, near and far sounds, as weights.

Activities such as sitting, walking and talking are shared by most scenarios on purpose (EgoLog
§3.1: the basic activities are common to all, the mixture tells them apart).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from models.simulate.motion import Manner


@dataclass(frozen=True)
class Doing:
    """An activity: how the head moves, the wearer's own sounds with weights, their time share."""

    manner: Manner
    sounds: dict[str, float]
    share: float
    seconds: tuple[int, int] = (12, 45)


DOINGS: dict[str, Doing] = {
    "walking": Doing(Manner("walk", 4, 0.18, None, 110), {"footsteps": 1}, 0.9),
    "sitting": Doing(Manner("sit", 8, 0.12), {}, 0.0),
    "standing": Doing(Manner("stand", 6, 0.18, None, 40), {}, 0.0),
    "standing up": Doing(Manner("stand", 5, 0.0, None, 10), {}, 0.0, (3, 4)),
    "sitting down": Doing(Manner("sit", 5, 0.0, None, 10), {}, 0.0, (3, 4)),
    "clapping": Doing(Manner("stand", 0, 0.1, "clap"), {"clapping": 1}, 0.95, (6, 15)),
    "talking": Doing(Manner("sit", 0, 0.3, "nod"), {"speech": 6, "laughter": 1}, 0.7),
    "drinking": Doing(Manner("sit", 3, 0.08, "sip"), {"drinking": 3, "glass": 1}, 0.75, (8, 20)),
    "typing on a keyboard": Doing(
        Manner("sit", 14, 0.08, "keys"), {"typing": 5, "mouse click": 1}, 0.85
    ),
    "eating": Doing(Manner("sit", 12, 0.1, "chew"), {"chewing": 2, "cutlery": 3}, 0.85),
    "watching TV": Doing(Manner("sit", 0, 0.04), {}, 0.0),
    "washing hands": Doing(Manner("stand", 25, 0.05, "wash"), {"water tap": 1}, 0.95, (10, 25)),
    "cleaning a room": Doing(
        Manner("stand", 28, 0.15, "scrub", 80), {"vacuum cleaner": 6, "water tap": 1}, 0.85
    ),
    "writing": Doing(Manner("sit", 25, 0.05, "pen"), {"writing": 1}, 0.85),
    "running": Doing(Manner("run", 2, 0.1, None, 90), {"footsteps": 1}, 0.95),
    "brushing teeth": Doing(
        Manner("stand", 12, 0.05, "brush"), {"brushing teeth": 1}, 0.95, (15, 40)
    ),
}


@dataclass(frozen=True)
class Setting:
    """A scenario: rooms, activity weights, near objects' sounds, far sounds, their time shares.

    `own` replaces an activity's own sounds where the scenario decides them (cleaning without a
    vacuum cleaner, say); `gestures` says what the hands do where the activity leaves it open.
    """

    rooms: tuple[str, ...]
    activities: dict[str, float]
    near: dict[str, float]
    far: dict[str, float]
    near_share: float = 0.35
    far_share: float = 0.5
    own: dict[str, dict[str, float]] = field(default_factory=dict)
    gestures: dict[str, str] = field(default_factory=dict)


SETTINGS: dict[str, Setting] = {
    "Cooking": Setting(
        ("room", "room"),
        {"standing": 5, "walking": 1.5, "washing hands": 2, "talking": 0.6, "drinking": 0.4},
        {
            "frying": 5,
            "water tap": 1,
            "cutlery": 2,
            "pouring water": 2,
            "can opening": 1,
            "glass": 0.7,
        },
        {"speech": 2, "music": 2, "television": 1, "alarm": 1, "washing machine": 0.4, "frying": 1},
        near_share=0.75,
        gestures={"standing": "wash"},
    ),
    "Eating": Setting(
        ("room", "hall"),
        {"eating": 6, "drinking": 2, "talking": 2, "sitting": 1},
        {"cutlery": 2, "glass": 1.5, "pouring water": 1, "can opening": 0.5},
        {"speech": 3, "cutlery": 2.5, "music": 1.5, "laughter": 1, "television": 0.7},
        near_share=0.3,
    ),
    "Household cleaners": Setting(
        ("room", "hall"),
        {"cleaning a room": 7, "walking": 1.5, "standing": 1},
        {"water tap": 0.6, "pouring water": 0.5, "door creak": 0.4},
        {"music": 1.5, "dog": 0.7, "washing machine": 0.5, "speech": 1, "television": 1},
        near_share=0.1,
    ),
    "Cleaning / laundry": Setting(
        ("room", "bathroom"),
        {"standing": 4, "cleaning a room": 2, "walking": 2, "washing hands": 0.6},
        {"washing machine": 6, "water tap": 1.5, "pouring water": 1, "door creak": 0.7},
        {"washing machine": 4, "speech": 1, "music": 1, "television": 0.7},
        near_share=0.6,
        own={"cleaning a room": {"water tap": 1, "washing machine": 2}},
    ),
    "Daily hygiene": Setting(
        ("bathroom",),
        {"brushing teeth": 5, "washing hands": 4, "standing": 2, "walking": 0.7},
        {"water tap": 2, "toilet flush": 2, "cough": 0.4, "pouring water": 0.3},
        {"toilet flush": 1, "speech": 1, "music": 1, "water tap": 1.5, "door knock": 0.7},
        near_share=0.3,
        far_share=0.35,
    ),
    "Working at desk": Setting(
        ("room", "hall"),
        {"typing on a keyboard": 6, "writing": 2, "sitting": 2, "drinking": 0.6, "talking": 0.4},
        {"mouse click": 3, "typing": 1, "writing": 0.5, "cough": 0.2},
        {
            "typing": 2.5,
            "speech": 2,
            "door knock": 0.6,
            "clock": 1.5,
            "alarm": 0.5,
            "aircraft": 0.3,
        },
        near_share=0.3,
    ),
    "Participating in a meeting": Setting(
        ("hall", "room"),
        {"sitting": 3, "talking": 3, "writing": 2, "typing on a keyboard": 1.5, "clapping": 0.8},
        {"writing": 1, "mouse click": 0.5},
        {"speech": 8, "clapping": 1, "cough": 0.6, "laughter": 0.5, "door knock": 0.3},
        near_share=0.1,
        far_share=0.8,
    ),
    "Talking with friends/housemates": Setting(
        ("room", "hall"),
        {"talking": 6, "sitting": 1.5, "drinking": 1.2, "standing": 1, "clapping": 0.3},
        {"laughter": 2, "glass": 1, "pouring water": 0.4},
        {"speech": 4, "laughter": 3.5, "music": 1.5, "glass": 0.6, "dog": 0.3},
        near_share=0.25,
        far_share=0.7,
    ),
    "Watching tv": Setting(
        ("room",),
        {"watching TV": 7, "eating": 0.8, "drinking": 0.8, "talking": 0.5, "sitting": 0.5},
        {"chewing": 0.7, "laughter": 0.7, "can opening": 0.6},
        {"television": 9, "speech": 0.5, "clock": 0.3},
        near_share=0.12,
        far_share=0.92,
    ),
    "Reading books": Setting(
        ("room", "room"),
        {"sitting": 7, "drinking": 0.8, "writing": 0.8, "standing": 0.4},
        {"writing": 0.6, "cough": 0.3},
        {"clock": 4, "birds": 1.2, "rain": 1.2, "cat": 0.5, "fire": 0.8, "music": 0.6},
        near_share=0.06,
        far_share=0.5,
    ),
    "Walking on street": Setting(
        ("street",),
        {"walking": 8, "standing": 1.2, "running": 0.6, "talking": 0.3},
        {},
        {
            "vehicle": 7,
            "car horn": 1.2,
            "siren": 0.7,
            "speech": 1.2,
            "footsteps": 1,
            "bells": 0.4,
            "train": 0.4,
            "wind": 0.8,
        },
        near_share=0.0,
        far_share=0.75,
    ),
    "Walking the dog / pet": Setting(
        ("street",),
        {"walking": 7, "standing": 2, "running": 0.5, "talking": 0.5},
        {"dog": 4},
        {"dog": 5, "birds": 4, "wind": 1.5, "insects": 1, "footsteps": 0.6, "vehicle": 0.5},
        near_share=0.2,
        far_share=0.7,
    ),
    "Car - commuting, road trip": Setting(
        ("car",),
        {"sitting": 8, "talking": 1.2, "drinking": 0.4},
        {"speech": 0.5, "music": 2},
        {"engine": 9, "vehicle": 1, "car horn": 0.6, "siren": 0.3, "rain": 0.6},
        near_share=0.2,
        far_share=0.92,
    ),
    "Grocery shopping indoors": Setting(
        ("hall",),
        {"walking": 4, "standing": 4, "talking": 0.5},
        {"glass": 1.2, "can opening": 0.6, "cutlery": 0.2},
        {"speech": 2.5, "music": 2.5, "alarm": 2, "footsteps": 1.5, "baby cry": 0.5, "bells": 0.5},
        near_share=0.15,
        far_share=0.75,
    ),
    "Working out at home": Setting(
        ("room",),
        {
            "running": 4,
            "standing": 2,
            "sitting": 1,
            "clapping": 1.2,
            "drinking": 0.6,
            "walking": 0.6,
        },
        {"cough": 0.2, "drinking": 0.4},
        {"music": 6, "television": 1, "speech": 1, "clapping": 0.5},
        near_share=0.05,
        far_share=0.75,
        gestures={"standing": "scrub", "sitting": "scrub"},
    ),
    "Handyman": Setting(
        ("room", "hall", "street"),
        {"standing": 7, "walking": 1.5, "sitting": 0.8, "talking": 0.3},
        {"hand tools": 6, "power tools": 4, "door creak": 0.5},
        {"hand tools": 1.5, "power tools": 1.5, "music": 1.5, "speech": 1, "vehicle": 0.5},
        near_share=0.75,
        gestures={"standing": "scrub", "sitting": "scrub"},
    ),
}
