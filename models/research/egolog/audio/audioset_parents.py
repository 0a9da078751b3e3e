"""Map AudioSet's classes to parents: `python -m models.research.egolog.audio.audioset_parents`.

The parents come from two levels of the ontology. They are the categories below its seven roots
("Wind", "Engine"). Where such a category is too broad for a daily log ("Domestic sounds",
"Vehicle", "Human voice") the categories below it are used, and where it is too fine ("Music" by
genre, role and instrument) its root is. Each class maps to its nearest ancestor among them, or to
itself.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.egolog.audio_tagger import parents
from models.recordings.shared_data import shared_data
from models.research.lib.error_lines import one_line_errors
from models.research.lib.errors import ResearchError
from schemas.atomic_file import atomic_path
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ONTOLOGY = "audioset_ontology.json"
CLASSES = "class_labels_indices.csv"

CATEGORIES_OF_PARENT: dict[str, tuple[str, ...]] = {
    "speech": ("Speech", "Whispering"),
    "shouting": ("Shout", "Screaming"),
    "laughter": ("Laughter",),
    "crying": ("Crying, sobbing", "Wail, moan"),
    "singing": ("Singing", "Humming"),
    "body sounds": ("Human voice", "Whistling", "Digestive", "Heart sounds, heartbeat"),
    "breathing": ("Breathing", "Sniff"),
    "snoring": ("Snoring", "Snort"),
    "cough": ("Respiratory sounds",),
    "chewing": ("Chewing, mastication", "Biting"),
    "footsteps": ("Human locomotion",),
    "clapping": ("Hands", "Clapping", "Applause"),
    "crowd": ("Human group actions",),
    "dog": ("Dog", "Canidae, dogs, wolves"),
    "cat": ("Cat",),
    "farm animals": ("Livestock, farm animals, working animals",),
    "birds": ("Bird",),
    "insects": ("Insect",),
    "other animals": (
        "Roaring cats (lions, tigers)",
        "Rodents, rats, mice",
        "Frog",
        "Snake",
        "Whale vocalization",
    ),
    "music": ("Music",),
    "bells": ("Bell",),
    "wind": ("Wind",),
    "thunder": ("Thunderstorm",),
    "rain": ("Rain",),
    "water": ("Water", "Liquid"),
    "fire": ("Fire",),
    "aircraft": ("Aircraft", "Aircraft engine"),
    "train": ("Rail transport",),
    "car horn": ("Vehicle horn, car horn, honking", "Air horn, truck horn"),
    "siren": ("Siren", "Emergency vehicle"),
    "alarm": ("Alarm", "Beep, bleep"),
    "power tools": ("Power tool", "Jackhammer", "Chainsaw"),
    "vehicle": ("Motor vehicle (road)", "Boat, Water vehicle", "Non-motorized land vehicle"),
    "engine": ("Engine",),
    "door": ("Door", "Knock", "Creak", "Cupboard open or close", "Drawer open or close"),
    "cutlery": ("Dishes, pots, and pans", "Cutlery, silverware"),
    "frying": ("Frying (food)", "Sizzle"),
    "kitchen": ("Chopping (food)", "Microwave oven", "Blender"),
    "water tap": ("Water tap, faucet", "Sink (filling or washing)", "Bathtub (filling or washing)"),
    "toilet flush": ("Toilet flush",),
    "brushing teeth": ("Toothbrush",),
    "vacuum cleaner": ("Vacuum cleaner",),
    "typing": ("Typing",),
    "writing": ("Writing",),
    "household": ("Domestic sounds, home sounds",),
    "clock": ("Clock",),
    "machines": ("Mechanisms",),
    "hand tools": ("Tools",),
    "explosion": ("Explosion",),
    "glass": ("Glass",),
    "impacts": ("Generic impact sounds", "Specific impact sounds", "Wood", "Arrow"),
    "rustling": ("Surface contact", "Deformable shell", "Rustle"),
    "clicking": ("Clicking",),
    "television": ("Sound reproduction",),
}
"""The parents by name, each with AudioSet's categories; of two equally near the first is used.

A parent that equals one of `models.labels.SOUND_EVENTS` has that name.
"""

# AudioSet also assigns these to everything below them, so they co-occur with several parents.
ABOVE_SEVERAL = frozenset({"Animal", "Domestic animals, pets", "Wild animals", "Vehicle"})


class OntologyError(ResearchError):
    """AudioSet's files are missing, or do not have the expected categories and classes."""


def parent_of_class(labels: Path) -> dict[str, str | None]:
    """Return every class's parent, or None, from the two files of AudioSet in the folder `labels`.

    Raises `OntologyError` where a file is missing, or lacks a category or a class.
    """
    for name in (ONTOLOGY, CLASSES):
        if not (labels / name).is_file():
            raise OntologyError(f"{labels / name} does not exist; expected AudioSet's file")
    nodes: list[dict[str, Any]] = json.loads((labels / ONTOLOGY).read_text(encoding="utf-8"))
    identity = {node["name"]: node["id"] for node in nodes}
    above: dict[str, list[str]] = {}
    for node in nodes:
        for child in node["child_ids"]:
            above.setdefault(child, []).append(node["id"])
    parent_at: dict[str, str] = {}
    for parent, categories in CATEGORIES_OF_PARENT.items():
        for category in categories:
            if category not in identity:
                raise OntologyError(
                    f"{labels / ONTOLOGY} lacks the category {category!r}; expected AudioSet's"
                )
            parent_at[identity[category]] = parent
    with (labels / CLASSES).open(newline="", encoding="utf-8") as table:
        rows = sorted(csv.DictReader(table), key=lambda row: int(row["index"]))
    return {
        row["display_name"]: None
        if row["display_name"] in ABOVE_SEVERAL
        else _nearest(row["mid"], parent_at, above)
        for row in rows
    }


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.egolog.audio.audioset_parents", description=__doc__
    )
    shared = shared_data()
    parser.add_argument(
        "--labels",
        type=Path,
        default=None if shared is None else shared / "labels",
        required=shared is None,
        help=f"folder of AudioSet's {ONTOLOGY} and {CLASSES}",
    )
    parser.add_argument(
        "--out", type=output_file, default=str(Path(parents.__file__).with_name(parents.RESOURCE))
    )
    options = parser.parse_args(arguments)
    folded = parent_of_class(options.labels)
    with atomic_path(options.out) as draft:
        draft.write_text(json.dumps(folded, indent=0) + "\n", encoding="utf-8")
    names = {parent for parent in folded.values() if parent}
    left_out = sum(parent is None for parent in folded.values())
    print(f"{len(folded)} classes: {len(names)} parents, {left_out} classes without one")
    return 0


def _nearest(
    node: str, parent_at: Mapping[str, str], above: Mapping[str, Sequence[str]]
) -> str | None:
    order = list(CATEGORIES_OF_PARENT)
    level = [node]
    while level:
        nearest = [parent_at[each] for each in level if each in parent_at]
        if nearest:
            return min(nearest, key=order.index)
        level = [parent for each in level for parent in above.get(each, ())]
    return None


if __name__ == "__main__":
    sys.exit(main())
