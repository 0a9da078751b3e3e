"""Evaluate the shipped weights on unseen data: `python -m models.research.evaluation`.

`--data DIR` names a folder laid out like the shared recordings (`audio/esc50_16k/esc50.csv` with
.flac or .ogg clips, `audio/urbansound8k_16k/urbansound8k.csv` with its own, speech as
`audio/speech_digits_16k/SPEAKER_NN.ogg`, `hrtf/cipic_16khz.npz`, `imu/classyglass_50hz.npz` and
`_windows.npz`); absent and unusable parts are skipped and listed. Of a folder with recordings that
the weights were trained on only the test part is evaluated, of any other folder everything.
`--results FILE` evaluates several seeds and writes the tables and plots of docs/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from models.research.evaluation.available_parts import available_parts
from models.research.evaluation.measures import Figures, measure
from models.research.evaluation.options import measured_data, weights_measured
from models.research.evaluation.sounds import real_sounds
from models.research.lib.error_lines import one_line_errors
from models.research.lib.weights_folder import weights_folder
from models.serving.registry import WEIGHTS_DIR, Precision, Registry
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence


def headlines(results: Figures) -> str:
    """Return the single figures as a Markdown table, with those of each file of real motion."""
    lines = ["| what | figure | value |", "|---|---|---|"]
    for part, figures in results.items():
        lines += _rows(part, figures)
        if part == "real_motion":
            for name, of_file in figures.items():
                lines += _rows(f"{part} {name}", of_file)
    return "\n".join(lines)


def _rows(what: str, figures: Figures) -> list[str]:
    return [
        f"| {what} | {name.replace('_', ' ')} | {value:.3f} |"
        for name, value in figures.items()
        if isinstance(value, float)
    ]


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the composed days")
    parser.add_argument("--json", type=output_file, help="output file of the metrics")
    parser.add_argument(
        "--weights",
        type=weights_folder,
        default=WEIGHTS_DIR,
        help="folder of the weights to evaluate",
    )
    parser.add_argument(
        "--precision",
        choices=get_args(Precision),
        default="int8",
        help="precision of the sound encoders, as EGOLOG_PRECISION",
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    parser.add_argument("--results", type=output_file, help="output page, over all --seeds")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        help="several random seeds in place of --seed; 0 1 2 for --results",
    )
    options = parser.parse_args(arguments)
    if options.seeds is None:
        options.seeds = [options.seed] if options.results is None else [0, 1, 2]
    check_minimums(parser, options, seed=0, seeds=0)
    data = measured_data(parser, options)
    if data is not None:
        for path in real_sounds.missing(data):
            print(f"skipped: {path} is not in {data}")
    seeds = list(dict.fromkeys(options.seeds))
    runs: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="egolog-measure-") as folder:
        if data is not None:
            data = available_parts(data, Path(folder) / "usable")
        cache = options.cache if options.cache is not None else Path(folder)
        for seed in seeds:
            runs[seed] = measure(
                options.weights,
                data,
                seed,
                cache,
                arrays=options.results is not None,
                precision=options.precision,
            )
            print(f"seed {seed}\n{headlines(runs[seed])}")
    if options.json is not None:
        write_atomically(
            options.json, json.dumps(runs[seeds[0]] if len(seeds) == 1 else runs, indent=2)
        )
    if options.results is not None:
        _write_results(runs, options)
    return 0


def _write_results(runs: dict[int, Figures], options: argparse.Namespace) -> None:
    # Plotting needs an extra that evaluation alone does not.
    from models.research.evaluation.report import page
    from models.research.lib import sizes

    registry = Registry(options.weights)
    report = page.Report(
        runs,
        sizes.sizes(registry),
        sizes.costs(registry),
        datetime.now(UTC).date().isoformat(),
        f"python -m models.research.evaluation --results {options.results}",
        weights_measured(registry),
    )
    page.write(report, options.results)
    print(f"wrote {options.results}")


if __name__ == "__main__":
    sys.exit(main())
