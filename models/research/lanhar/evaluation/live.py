"""Evaluate LanHAR as deployed, on unseen users: `... lanhar.evaluation.live`.

As in the stream, the shipped graphs rank each wearer's five-second windows in order against the
active labels, with the upright and the memory of earlier windows, and with the device's position
from its frames. Of a data set that was trained on, held-out users are evaluated; `--validation`
evaluates the validation users. `--position` replaces the file's position; `head` is what two
microphones alone imply.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.recordings.datasets.motion_files import read_motion
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import IMU
from models.research.lanhar.evaluation.live_page import formatted, page
from models.research.lanhar.evaluation.live_ranking import Figures, figures, ranked
from models.research.lib.error_lines import one_line_errors
from models.research.lib.measured_motion import (
    motion_files,
    print_other_files,
    windows_to_measure,
)
from models.research.lib.page_command import page_command
from models.research.lib.page_sections import put_section
from models.research.lib.process_pool import process_pool
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.weights_folder import weights_folder
from models.serving.lanhar_loading import require_lanhar
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file
from schemas.position import KNOWN_PLACES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recordings.splits import Split
    from schemas.position import Place


def measure(
    weights: Path,
    folder: Path,
    split: Split | None = None,
    workers: int = 1,
    position: Place | None = None,
) -> Figures:
    """Return the figures of every `NAME_50hz.npz` and `NAME_20hz.npz` in `folder`, by NAME.

    The memory is `position` where all devices are worn, without it as their files say. Raises
    `RegistryError` where the weights cannot be used.
    """
    files = motion_files(folder)
    print_other_files(folder)
    of_file = partial(_of_file, weights, split, position)
    if workers == 1:
        rows = [of_file(path) for path in files.values()]
    else:
        with process_pool(workers) as pool:
            rows = list(pool.map(of_file, files.values()))
    return {name: row for name, row in zip(files, rows, strict=True) if row is not None}


def _of_file(
    weights: Path, split: Split | None, position: Place | None, path: Path
) -> Figures | None:
    pin_one_thread()
    windows = windows_to_measure(path, split)
    if windows is None:
        return None
    lanhar = require_lanhar(Registry(weights))
    if position is not None:
        windows = replace(windows, positions=(position,) * len(windows))
    return {"position": _position(path), **figures(windows, ranked(lanhar, windows))}


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation.live", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    parser.add_argument(
        "--validation", action="store_true", help="measure the users that a choice is made by"
    )
    parser.add_argument(
        "--position", choices=(*KNOWN_PLACES, "unknown"), help="where all devices are worn"
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="number of single-threaded processes"
    )
    parser.add_argument("--json", type=output_file, help="output file of the figures")
    parser.add_argument(
        "--page", type=output_file, help="page that the figures are put at the top of"
    )
    options = parser.parse_args(arguments)
    check_minimums(parser, options, workers=1)
    data = needed_recordings(parser, options)
    if not motion_files(data / IMU):
        raise RecordingError(
            f"folder {data / IMU} has no NAME_50hz.npz and no NAME_20hz.npz; expected one or more"
        )
    split: Split | None = "validation" if options.validation else None
    measured = measure(options.weights, data / IMU, split, options.workers, options.position)
    revision = Registry(options.weights).load(LANHAR_SENSOR).revision
    for name, row in measured.items():
        print(
            f"{row['position']} ({name}), {row['users']} users: macro-F1 "
            f"{formatted(row['macro_f1'])}, window by window {formatted(row['macro_f1_alone'])}, "
            f"without upright {formatted(row['macro_f1_without_upright'])}; walking, sitting, "
            f"standing {formatted(row['level_macro_f1'])}; calibration error "
            f"{formatted(row['calibration_error'])}, confidently wrong "
            f"{formatted(row['confidently_wrong'])}",
        )
    if options.json is not None:
        write_atomically(options.json, json.dumps(measured, indent=2))
    if options.page is not None:
        command = page_command(parser, options, ("json", "workers"))
        date = datetime.now(UTC).date().isoformat()
        about = (__doc__ or "").split("\n\n", 1)[1]
        put_section(options.page, page(measured, command, revision, date, about), first=True)
    return 0


def _position(path: Path) -> str:
    return ", ".join(sorted({position or "unknown" for position in read_motion(path).positions}))


if __name__ == "__main__":
    sys.exit(main())
