"""The section of docs/LANHAR.md of LanHAR as it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.lanhar.training.scores import SURE
from models.research.lib.tables import table

if TYPE_CHECKING:
    from models.research.lanhar.evaluation.live_ranking import Figures

HEADING = "## As it runs"


def page(measured: Figures, command: str, weights: str, date: str, about: str) -> str:
    """Return the section of docs/LANHAR.md; `about` says what is measured."""
    rows = [
        [
            row["position"],
            name,
            str(row["users"]),
            str(row["windows"]),
            str(len(row["labels"])),
            formatted(row["macro_f1"]),
            formatted(row["macro_f1_alone"]),
            formatted(row["macro_f1_without_upright"]),
            formatted(row["upright_known"]),
            formatted(row["level_macro_f1"]),
            formatted(row["calibration_error"]),
            formatted(row["confidently_wrong"]),
        ]
        for name, row in measured.items()
    ]
    head = [
        "position", "data set", "users", "windows", "labels", "macro-F1", "… window by window",
        "… without upright", "upright known", "walking, sitting, standing", "calibration error",
        "confidently wrong",
    ]  # fmt: skip
    by_label = [
        [name, label, str(one["windows"]), formatted(one["f1"]), _taken(one["taken_for"])]
        for name, row in measured.items()
        for label, one in row["labels"].items()
    ]
    return "\n\n".join(
        [
            HEADING,
            f"Written by `{command}` on {date}, of the weights {weights} (sensor encoder).",
            " ".join(about.split()),
            table(head, rows),
            "Macro-F1 is over the labels that occur, of a ranking among all labels in force; the "
            "column of walking, sitting and standing is over the windows of those three, ranked "
            "among all labels too. Window by window is without what the windows before say. "
            f"Confidently wrong is a first label that is wrong at {SURE} or more.",
            table(["data set", "label", "windows", "F1", "taken for"], by_label),
        ]
    )


def formatted(value: float | None) -> str:
    """Return a figure, a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def _taken(names: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in names.items())
