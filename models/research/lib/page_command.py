"""The command that a page names as the one that wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Collection


def page_command(parser: ArgumentParser, options: Namespace, without: Collection[str] = ()) -> str:
    """Return the parser's program with the options that differ from their defaults.

    `without` are options that do not change what is written. A pair as of NAME=FILE,FILE is written
    in that form.
    """
    words = [parser.prog]
    for name, value in vars(options).items():
        if name in without or value == parser.get_default(name):
            continue
        option = f"--{name.replace('_', '-')}"
        items = value if isinstance(value, list) else [value]
        if value is True:
            words.append(option)
        elif any(isinstance(item, tuple) for item in items):
            words += [f"{option} {name}={','.join(map(str, rest))}" for name, *rest in items]
        else:
            words.append(f"{option} {' '.join(map(str, items))}")
    return " ".join(words)
