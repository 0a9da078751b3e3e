"""A recording of each of the papers' data sets, opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.datasets import ego4d, egoadl, samosa, self_collected
from tests.models.recordings import paper_sets
from tests.models.recordings.paper_sets import ACTIONS, STAMP, VIDEO

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.session import SessionRecording


def of_ego4d(root: Path) -> SessionRecording:
    paper_sets.ego4d(root, [{**VIDEO, "late": 0.25}])
    path = root / "v2" / "imu" / "aa-1.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *rows[:500], *rows[700:]]) + "\n")
    return ego4d.open_set(root)[0]


def of_egoadl(root: Path) -> SessionRecording:
    paper_sets.egoadl(root, "anna", STAMP, ACTIONS)
    return egoadl.open_set(root)[0]


def of_samosa(root: Path) -> SessionRecording:
    paper_sets.samosa(root, "49---Kitchen---Chopping---1")
    return samosa.open_set(root)[0]


def of_self_collected(root: Path) -> SessionRecording:
    paper_sets.self_collected(root, "glasses/anna/01")
    return self_collected.open_set(root)[0]
