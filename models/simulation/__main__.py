"""Compose labelled days from real sounds, ears and motion: `python -m models.simulation --out DIR`.

Each day becomes a folder that `replay folder:DIR/NAME` replays: FLAC sound, CSV motion and the
ground truth. Only recordings of the chosen split are used, so a day of the test split holds no
clip, ear or user that anything was trained on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.folder_writer import write
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import shared_data
from models.recordings.unseen import unseen
from models.simulation.composed_day import DEVICES, ComposedDay
from models.simulation.sources.material import Material, missing
from schemas.interruption import one_line_interruptions
from schemas.option_bounds import check_above, check_minimums
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.recordings.splits import Splits


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; after Ctrl-C or SIGTERM only whole days are left."""
    parser = argparse.ArgumentParser(prog="python -m models.simulation", description=__doc__)
    parser.add_argument(
        "--out", type=output_folder, required=True, help="output folder, one subfolder per day"
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the first day")
    parser.add_argument("--days", type=int, default=1, help="number of days")
    parser.add_argument("--minutes", type=float, default=24.0, help="length of a day, minutes")
    parser.add_argument("--device", choices=DEVICES, default="earphones")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        help="whose recordings to use (default: those that no weights were trained on)",
    )
    options = parser.parse_args(arguments)
    check_above(parser, options, minutes=0)
    check_minimums(parser, options, days=1, seed=0)
    data = options.data if options.data is not None else shared_data()
    if data is None or not data.is_dir():
        parser.error(
            f"--data is {data}; expected a folder of recordings, or EGOLOG_SHARED_DATA set"
        )
    for path in missing(data):
        print(f"simulated instead: {path} is not in {data}")
    split: Splits | str = options.split or unseen(data)
    try:
        material = Material.read(data, split, elsewhere=False)  # type: ignore[arg-type]
        for seed in range(options.seed, options.seed + options.days):
            day = ComposedDay(seed, options.minutes, material, options.device)
            write(day, options.out / day.name)
            print(f"wrote {options.out / day.name}")
    except RecordingError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
