"""The smallest values that a command's options may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def check_minimums(parser: ArgumentParser, options: Namespace, **minimums: int) -> None:
    """End the program with a line if an option, or an item of its list, is below its minimum."""
    for name, minimum in minimums.items():
        given = getattr(options, name)
        for value in given if isinstance(given, list) else [given]:
            # Nothing is less than nan, nor more.
            if not value >= minimum:
                option = name.replace("_", "-")
                parser.error(f"--{option} is {value}; expected {minimum} or more")
