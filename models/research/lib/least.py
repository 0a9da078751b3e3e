"""The smallest values that a command's options may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def check_least(parser: ArgumentParser, options: Namespace, **least: int) -> None:
    """End the program with a line if an option, or an item of its list, is below its `least`."""
    for name, smallest in least.items():
        given = getattr(options, name)
        for value in given if isinstance(given, list) else [given]:
            if value < smallest:
                parser.error(f"--{name} is {value}; expected {smallest} or more")
