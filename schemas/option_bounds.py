"""Bounds of the numbers that a command's options may have, refused in one sentence for all.

Not a message; it is here because this is the only package that all others may import.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator


def check_minimums(parser: ArgumentParser, options: Namespace, **minimums: int) -> None:
    """End the program with a line if an option, or an item of its list, is below its minimum.

    Options that were not given (None) are not checked.
    """
    for name, minimum in minimums.items():
        for value in _values(options, name):
            # Nothing is less than nan, nor more.
            if not value >= minimum:
                _refuse(parser, name, value, f"{minimum} or more")


def check_above(parser: ArgumentParser, options: Namespace, **bounds: int) -> None:
    """End the program with a line unless each option, or item of its list, is above its bound.

    Infinity is not: a speed or a time that never ends. Options that were not given (None) are not
    checked.
    """
    for name, bound in bounds.items():
        for value in _values(options, name):
            if not bound < value < inf:
                finite = ", and finite" if value == inf else ""
                _refuse(parser, name, value, f"more than {bound}{finite}")


def _values(options: Namespace, name: str) -> Iterator[float]:
    given = getattr(options, name)
    for value in given if isinstance(given, list | tuple) else [given]:
        if value is not None:
            yield value


def _refuse(parser: ArgumentParser, name: str, value: float, expected: str) -> None:
    parser.error(f"--{name.replace('_', '-')} is {value}; expected {expected}")
