"""The sections on real clips, speech and motion, and on a measured head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.evaluation.sounds.real_sounds import PEOPLE, STREET
from models.research.lib.tables import Figures, across, pick, spread, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


# The figures of a session that has processed the set before, and of a new one.
_PARTS = (("measured",), ("measured", "first_seconds"))


def real_sounds(runs: Sequence[Figures]) -> str:
    """Return a description of the recordings of real speech and street sounds."""
    sentences = []
    first = runs[0]
    if "speech" in first:
        clips = first["speech"]["clips"]
        sentences.append(
            f"Speech is {clips} clips of 4 s by speakers that nothing was trained on, heard where "
            "`speech` is among the sound events that the stream would publish: above its threshold "
            "and of the five likeliest."
        )
    if "street" in first.get("speech", {}):
        sentences.append(
            f"The street is UrbanSound8K's {_name_list(STREET)}; children playing and street music "
            "have voices in them and are left out, as are gun shots, which are over at once."
        )
    if "false" in first.get("speech", {}):
        clips = first["speech"]["other_clips"]
        sentences.append(
            f"False speech is counted on {clips} clips of ESC-50; its sounds of people "
            f"({_name_list(PEOPLE)}) are left out."
        )
    if "urbansound8k" in first:
        clips = first["urbansound8k"]["clips"]
        sentences.append(
            f"UrbanSound8K's {clips} clips are of recordings that nothing was trained on; a clip "
            "is right where the likeliest parent (EgoLog §4.4.1) is its category's."
        )
    return "\n\n" + " ".join(sentences) if sentences else ""


def _name_list(names: Sequence[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


def measured_distance(runs: Sequence[Figures]) -> str:
    """Return how often near is predicted at each distance, empty if not measured."""
    first = runs[0].get("measured", {})
    rows = [
        [
            f"{place}, {metres} m",
            *(across(runs, (*part, "ku100", key, metres, "said_near")) for part in _PARTS),
        ]
        for place, key in (("dry", "distances"), ("in simulated rooms", "in_rooms"))
        for metres in first.get("ku100", {}).get(key, {})
    ]
    for name, room in first.get("surrey", {}).items():
        row = [f"{name}, {' and '.join(f'{metres:g}' for metres in room['distances_m'])} m"]
        for part in _PARTS:
            far = [pick(run, (*part, "surrey", name, "said_far")) for run in runs]
            near = [1 - value for value in far if value is not None]
            row.append(spread(near) if near else "not measured")
        rows.append(row)
    if not rows:
        return ""
    return (
        "\n\nEach set of responses is one device. Its session has heard all of the set, which "
        "tells how much louder one of its microphones is; in its first seconds that is unknown:\n\n"
        + table(["source", "said near", "said near, first seconds"], rows)
        + _measured_calibration(runs, first.get("calibration", {}))
    )


def _measured_calibration(runs: Sequence[Figures], devices: Figures) -> str:
    """Return the calibration of the probability of near for each measured device."""
    if not devices:
        return ""
    rows = [
        [
            name,
            *(
                across(runs, ("measured", "calibration", name, key))
                for key in ("said", "near", "ece")
            ),
        ]
        for name in devices
    ]
    return (
        "\n\nHow likely near is said to be of each of them on average, how much of it is near, and "
        "the calibration error of it alone, which is all that is said where nothing is near:\n\n"
        + table(["device", "probability of near", "near", "calibration error"], rows)
    )


def real_motion(first: Figures) -> str:
    """Return the figures of real motion, which are the same for all seeds."""
    files = first.get("real_motion", {})
    if not files:
        return ""
    alone = {name: file["without_gyroscope"] for name, file in files.items()}
    return (
        "\n\nMotion alone, without sound or scenario, of users nothing was trained on; an activity "
        "outside of the closed set is right only as unknown, where a label is several each of them "
        "is right, a posture is wrong where the label says what the hands do, and sure is 0.5 and "
        "more:\n\n"
        + _motion_table(files)
        + "\n\nThe same real windows with their rotation set to zero, as of devices without a "
        "gyroscope:\n\n" + _motion_table(alone)
    )


def _motion_table(files: Mapping[str, Figures]) -> str:
    keys = ("windows", "accuracy", "coverage", "confidently_wrong", "motion_class_macro_f1")
    rows = [
        [name, *(_cell(file[key]) for key in keys), _cell(file["lanhar"]["macro_f1"])]
        for name, file in files.items()
    ]
    head = ["motion of", "windows", "activity, of those known", "known", "sure and wrong"]
    return table([*head, "motion class, macro-F1", "LanHAR, macro-F1"], rows)


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
