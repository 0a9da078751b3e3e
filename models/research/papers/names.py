"""Text embeddings of more names: `python -m models.research.papers.names add "ironing clothes"`.

`add` embeds names with a sentence encoder (extra `names`) and writes them, after those of --table,
to --out, which is `scenario_text.safetensors` in the current folder; `remove` leaves names out;
`list` prints those of a table. --table is --out where that exists, else the shipped table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from models.research.lib.error_lines import one_line_errors
from models.research.lib.sentence_encoder import SentenceEncoder
from models.research.papers.text_table import (
    SHIPPED,
    TextTable,
    TextTableError,
    read_table,
    write_table,
)
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

# Another library version moves a vector by less; another model by far more.
SAME_MODEL = 0.99


def add(table: TextTable, names: Sequence[str], encoder: SentenceEncoder) -> TextTable:
    """Return `table` with embeddings of `names`.

    Raises `TextTableError` when `encoder` is not the model that made the table's own embeddings.
    """
    wanted = list(dict.fromkeys(name.strip() for name in names))
    if not all(wanted):
        raise TextTableError("a name is empty; expected text")
    if table.names:
        known = table.names[0]
        old, new = table.table[0], encoder.embed([known])[0]
        likeness = float(old @ new) if old.shape == new.shape else 0.0
        if likeness < SAME_MODEL:
            raise TextTableError(
                f"model {encoder.name!r} embeds {known!r} differently from the table (cosine "
                f"{likeness:.2f}, {len(new)} dimensions for {len(old)}); expected the table's own "
                "model, or --new for a table of its own"
            )
    return table.with_names(wanted, encoder.embed(wanted))


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.papers.names", description=__doc__
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command, about in (
        ("add", "embed names and add them"),
        ("remove", "leave names out"),
        ("list", "print the names"),
    ):
        sub = commands.add_parser(command, help=about)
        sub.add_argument("--table", type=Path, help="table to start from")
        sub.add_argument("--out", type=output_file, default=SHIPPED.name, help="output file")
        if command == "list":
            continue
        sub.add_argument("names", nargs="+", metavar="NAME")
        if command == "add":
            sub.add_argument("--model", help="folder or cached name (default: all-MiniLM-L6-v2)")
            sub.add_argument("--new", action="store_true", help="start from an empty table")
    options = parser.parse_args(arguments)
    start = options.out if options.out.is_file() else SHIPPED
    table = read_table(options.table or start)
    if options.command == "list":
        print("\n".join(table.names))
        return 0
    if options.command == "remove":
        changed = table.without_names(options.names)
    else:
        encoder = SentenceEncoder(options.model)
        if options.new:
            table = TextTable((), encoder.embed(["a"])[:0])
        changed = add(table, options.names, encoder)
    write_table(changed, options.out)
    print(f"wrote {len(changed.names)} names to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
