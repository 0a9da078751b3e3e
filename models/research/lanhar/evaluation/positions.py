"""Evaluate the estimate of a device's body position: `... lanhar.evaluation.positions`.

Recordings of test users are processed as in the stream, and the position is read at the end of each
window. `--validation` evaluates the validation users. Data sets that are left out are not trained
on, and their training users are evaluated.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.lanhar.position_weights import LANHAR_POSITION
from models.lanhar.step_position import StepPosition, add_window, estimate
from models.recordings.datasets.trained_motion import PLACE_OF
from models.recordings.shared_data import IMU
from models.research.lanhar.training.position import Walked, trained, walked
from models.research.lib.error_lines import one_line_errors
from models.research.lib.metrics import calibration_error
from models.research.lib.page_command import page_command
from models.research.lib.page_sections import put_section
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import table
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.atomic_file import write_atomically
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.recordings.splits import Split

Figures = dict[str, Any]

HEADING = "## Where a device is worn"
ELSEWHERE: Mapping[str, str] = {"m202a_ear_50hz.npz": "head", "uci_hapt_20hz.npz": "waist"}
"""What is measured alone: a real ear, and HAPT's windows as they were published."""
LEFT_OUT: tuple[tuple[str, ...], ...] = (
    ("geotec_phone_50hz.npz", "geotec_watch_50hz.npz"),
    ("wisdm19_phone_20hz.npz",),
    ("wisdm19_watch_20hz.npz",),
)
"""Data sets of places that others have too; those of a group are left out together."""
_LEFT_OUT_NOTE = (
    "Data sets that were left out of the training in turn, GeoTec's two together: devices of makes "
    "that nothing was learned from."
)
_HEAD = (
    *("data set", "place", "wearers", "windows", "of steps", "since steps", "known"),
    *("right where known", "calibration error"),
)


def figures(classifier: StepPosition, part: Walked, place: str) -> Figures:
    """Return how often the place is known and right at the end of each window.

    `found` is the share of windows since the wearer's first steps, `known` that of all windows at
    which the place is not unknown, `right` and `calibration_error` are of these.
    """
    shares = iter(classifier.log_shares(part.measured)) if len(part.measured) else iter(())
    states: defaultdict[str, tuple[float, ...]] = defaultdict(tuple)
    found = []
    for wearer, steps in zip(part.wearers, part.steps, strict=True):
        if steps:
            states[wearer] = add_window(states[wearer], next(shares))
        found.append(estimate(states[wearer]))
    there = [one for one in found if one is not None]
    known = [one for one in there if one.at != "unknown"]
    hits = np.array([one.at == place for one in known], bool)
    sure = np.array([one.probability for one in known])
    return {
        "place": place,
        "wearers": len(set(part.wearers)),
        "windows": len(found),
        "steps": int(part.steps.sum()),
        "found": len(there) / len(found),
        "known": len(known) / len(found),
        "right": float(hits.mean()) if known else None,
        "calibration_error": calibration_error(sure, hits) if known else None,
    }


def measure(folder: Path, classifier: StepPosition, split: Split) -> dict[str, Figures]:
    """Return the figures of every data set whose users in `split` are at hand, by file."""
    rows = {}
    for name, place in {**PLACE_OF, **ELSEWHERE}.items():
        part = walked(folder / name, split) if (folder / name).is_file() else None
        if part is not None and part.wearers:
            rows[name] = figures(classifier, part, place)
    return rows


def left_out(folder: Path) -> dict[str, Figures]:
    """Return the figures of training users of each of `LEFT_OUT` when the others teach alone."""
    rows = {}
    for names in LEFT_OUT:
        others = {name: walked(folder / name, "train") for name in PLACE_OF if name not in names}
        classifier = StepPosition.of(trained(others).state_dict())
        for name in names:
            rows[name] = figures(classifier, walked(folder / name, "train"), PLACE_OF[name])
    return rows


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation.positions", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    parser.add_argument(
        "--validation", action="store_true", help="measure the users that a choice is made by"
    )
    parser.add_argument("--json", type=output_file, help="output file of the figures")
    parser.add_argument("--page", type=output_file, help="page that the figures are put into")
    options = parser.parse_args(arguments)
    folder = needed_recordings(parser, options) / IMU
    pin_one_thread()
    loaded = Registry(options.weights).load(LANHAR_POSITION)
    split: Split = "validation" if options.validation else "test"
    classifier = StepPosition.of(loaded.module.state_dict())
    rows = measure(folder, classifier, split)
    # The ear's one wearer is among those that choices are made by.
    ear = measure(folder, classifier, "validation").get("m202a_ear_50hz.npz")
    if ear is not None:
        rows["m202a_ear_50hz.npz"] = ear
    others = left_out(folder)
    text = "\n\n".join([_table(rows), _LEFT_OUT_NOTE, _table(others)])
    print(text)
    if options.json is not None:
        write_atomically(options.json, json.dumps({split: rows, "left_out": others}, indent=2))
    if options.page is not None:
        command = page_command(parser, options, ("json",))
        put_section(options.page, _section(command, loaded.revision, text))
    return 0


def _section(command: str, revision: str, text: str) -> str:
    date = datetime.now(UTC).date().isoformat()
    return "\n\n".join(
        [
            HEADING,
            f"Written by `{command}` on {date}, of the weights {revision} (position classifier).",
            " ".join((__doc__ or "").split("\n\n", 1)[1].split()),
            text,
            "Since steps: the share of windows after the first steps of their wearer; known: that "
            "of all at which a place is likely enough; right and the calibration error are of "
            "these. The ear's wearer is of those that choices are made by.",
        ]
    )


def _table(rows: Mapping[str, Figures]) -> str:
    return table(
        list(_HEAD),
        [
            [name.partition("_50hz")[0].partition("_20hz")[0], *map(_formatted, row.values())]
            for name, row in rows.items()
        ],
    )


def _formatted(value: object) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
