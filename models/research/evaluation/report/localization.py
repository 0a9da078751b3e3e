"""The section on direction, distance and regions (EgoLog §5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.lib.plots import bars, confusion
from models.research.lib.tables import Figures, across, spread, table
from schemas.evidence import DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


KINDS = ("with_motion", "without_motion")
_DIRECTED = ("direction_accuracy", "front_back_error")
_WAYS = {"alone": "each second by itself", "remembered": "with the seconds before"}
JUDGED = ("direction_accuracy", "distance_accuracy", "front_back_error", "micro_f1")


def localization(runs: Sequence[Figures], figures: Path) -> str:
    """Return the scores by device, by turn of the head and in rooms; plots go into `figures`."""
    first = runs[0].get("localization")
    if first is None:
        return "Not measured: sounds or ears were absent."
    rows = []
    for device in ("binaural", "headphones", "glasses", "mono"):
        where: tuple[str, ...] = ("localization",)
        if device != "binaural":
            where += (device,)
        for kind in KINDS:
            # One microphone is evaluated with motion only.
            at = (*where, kind) if device != "mono" else where
            if device == "mono" and kind == "without_motion":
                continue
            values = [across(runs, (*at, name)) for name in JUDGED]
            rows.append([device, kind.replace("_", " "), *values])
    head = ["device", "", "direction", "distance", "front–back error", "8 regions, micro-F1"]
    with_motion, still = (first[k]["by_turn"] for k in ("with_motion", "without_motion"))
    names = [_bin(row) for row in with_motion]
    turns = [
        [name, str(row["seconds"]), *(_turn_row(runs, kind, n) for kind in KINDS)]
        for n, (name, row) in enumerate(zip(names, with_motion, strict=True))
    ]
    confusion(
        first["with_motion"]["confusion"],
        DIRECTIONS,
        "direction, binaural, with motion",
        figures / "directions.png",
    )
    bars(
        {
            "with motion": [row["direction_accuracy"] or 0.0 for row in with_motion],
            "without": [row["direction_accuracy"] or 0.0 for row in still],
        },
        [f"{name} °/s" for name in names],
        "direction accuracy by head motion",
        figures / "motion.png",
    )
    return "\n\n".join(
        [
            table(head, rows),
            *_in_order(runs),
            *_measured_rooms(runs),
            "Direction by how fast the head turns (mean °/s within the second):",
            table(["°/s", "seconds", "with motion", "without"], turns),
            "![confusion of directions](figures/directions.png) "
            "![direction by head motion](figures/motion.png)",
        ]
    )


def _in_order(runs: Sequence[Figures]) -> list[str]:
    """Return the scores of days' seconds in their order, empty if not measured."""
    ways = runs[0].get("localization_in_order", {})
    if not ways:
        return []
    rows = [
        [
            f"{kind.replace('_', ' ')}, {_WAYS[way]}",
            *(across(runs, ("localization_in_order", kind, way, key)) for key in _DIRECTED),
        ]
        for kind in KINDS
        for way in ways[kind]
    ]
    return [
        "Composed days' seconds in their order, those of one source, two ears. The memory of "
        "directions turns with the head and is what the stream publishes; it says nothing of near "
        "and far, and drawn seconds, which all other tables are of, have none before them. The bar "
        "of the IMU's gain on direction was set on drawn seconds:",
        table(["seconds", "direction", "front–back error"], rows),
    ]


def _measured_rooms(runs: Sequence[Figures]) -> list[str]:
    """Return the scores through responses measured in rooms, empty if not measured."""
    names = runs[0]["localization"].get("measured_rooms", {})
    if not names:
        return []
    rows = [
        [
            name,
            *(across(runs, ("localization", "measured_rooms", name, key)) for key in JUDGED[:3]),
        ]
        for name in names
    ]
    return [
        "Through responses measured in rooms, which nothing was trained on: a dummy's head at "
        "rest, a source 1.5 m away, ahead or beside it (no motion):",
        table(["responses", "direction", "distance", "front–back error"], rows),
    ]


def _bin(row: Figures) -> str:
    return f"{row['from_deg_s']}–{row['to_deg_s']}" if row["to_deg_s"] else f">{row['from_deg_s']}"


def _turn_row(runs: Sequence[Figures], kind: str, number: int) -> str:
    rows = [run["localization"][kind]["by_turn"][number] for run in runs]
    values = [row["direction_accuracy"] for row in rows if row["direction_accuracy"] is not None]
    return spread(values) if values else "none"
