"""Convert a data set: `python -m models.research.lanhar.datasets hhar DIR --out A.npz`.

The file has the layout of `*_20hz.npz`, which `models.research.lanhar.evaluation` and
`models.research.lanhar.interpretation` take.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from models.research.lanhar.datasets import hapt, hhar, motionsense, pamap2, shoaib, uci_har
from models.research.lanhar.interpretation.windows import Windows, write_npz
from models.research.lib.error_lines import one_line_errors
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.recordings.report import SetReport

READERS: dict[str, Callable[[Path], tuple[Windows, SetReport]]] = {
    "uci_har": uci_har.read,
    "hapt": hapt.read,
    "hhar": hhar.read,
    "motionsense": motionsense.read,
    "shoaib": shoaib.read,
    "pamap2": pamap2.read,
}


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.datasets", description=__doc__
    )
    parser.add_argument("dataset", choices=READERS)
    parser.add_argument("root", type=Path, help="folder of the unpacked archive")
    parser.add_argument("--out", type=output_file, required=True, help="output file, .npz")
    options = parser.parse_args(arguments)
    windows, report = READERS[options.dataset](options.root)
    write_npz(options.out, windows)
    for line in report.lines():
        print(line, file=sys.stderr)
    counts = Counter(windows.label.tolist())
    print(f"wrote {len(windows)} windows to {options.out}: {dict(sorted(counts.items()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
