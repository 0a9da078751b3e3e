"""Train the readout of labels in pockets: `python -m ...lanhar.training.position_readout`.

The network of `models.lanhar.position_readout` corrects the logits that the shipped sensor encoder
gives windows of pockets, as the stream cuts them, with the upright as it is known by then. Labels
of enough windows are learned, and count nearly alike however many windows they have. The weights
learn from training and validation users.

`--check` writes nothing: each validation user's windows are ranked in order, as in the stream, by a
readout that was trained on all other users, for several seeds. Macro-F1 is printed for settings to
be chosen by, and calibration for the position's `CONFIDENCE_AT` in `models.lanhar.label_memory`,
which no validation user of the final readout can choose any more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.position_readout import ReadoutConfig
from models.lanhar.readout_weights import LANHAR_READOUT
from models.recordings.datasets.labelled_windows import read
from models.recordings.shared_data import IMU
from models.research.lanhar.training.pocket_windows import FILES, concatenate, score_windows
from models.research.lanhar.training.position_readout_check import check_readouts
from models.research.lanhar.training.readout_training import SHARES, train_readout
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.weights_folder import add_weights_and_out, out_folder
from models.serving.lanhar_loading import require_lanhar
from models.serving.one_thread import pin_one_thread
from models.serving.registry import Registry
from schemas.option_bounds import check_minimums

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_WINDOWS = 100
"""Windows of training users from which a label is learned; GeoTec's changes of posture have fewer.
"""


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.position_readout",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    add_weights_and_out(parser, "weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds of --check")
    parser.add_argument("--check", action="store_true", help="dry run: evaluate and write nothing")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, seeds=1)
    folder = needed_recordings(parser, options) / IMU
    pin_one_thread()
    lanhar = require_lanhar(Registry(options.weights), readout=False)
    learned = [score_windows(lanhar, read(folder / name, split="train")) for name in FILES]
    checked = [score_windows(lanhar, read(folder / name, split="validation")) for name in FILES]
    names = lanhar.shipped.names
    counts = np.sum([part.right.sum(axis=0) for part in learned], axis=0)
    config = ReadoutConfig(
        names=tuple(
            name for name, count in zip(names, counts, strict=True) if count >= MIN_WINDOWS
        ),
        sensor=lanhar.revision,
    )
    if options.check:
        seeds = range(options.seed, options.seed + options.seeds)
        check_readouts(learned, checked, config, names, seeds)
        return 0
    everyone = [concatenate(*both) for both in zip(learned, checked, strict=True)]
    module = train_readout(list(zip(everyone, SHARES, strict=True)), config, names, options.seed)
    out = Registry(out_folder(options))
    print(out.save(LANHAR_READOUT, module, half=True).revision)
    return 0


if __name__ == "__main__":
    sys.exit(main())
