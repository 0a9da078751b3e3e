"""The command that a page names as the one that wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser, Namespace
    from collections.abc import Collection


def page_command(
    parser: ArgumentParser, options: Namespace, without: Collection[str] = (), **instead: Any
) -> str:
    """Return the parser's program with the options that differ from their defaults.

    `without` are options that do not change what is written, `instead` values other than those
    that were given; both by attribute. A pair as of NAME=FILE,FILE is written in that form.
    """
    given = {**vars(options), **instead}
    words = [parser.prog]
    for action in parser._actions:
        name = action.dest
        if name in given and name not in without and given[name] != parser.get_default(name):
            words += _words(action, given[name])
    return " ".join(words)


def _words(action: Action, value: Any) -> list[str]:
    option = action.option_strings[-1]
    if action.nargs == 0:
        # Several flags may set one attribute.
        return [option] if value == action.const else []
    if not isinstance(value, list):
        return [f"{option} {_text(value)}"]
    if action.nargs is None:
        # Given once for each item.
        return [f"{option} {_text(item)}" for item in value]
    return [f"{option} {' '.join(map(_text, value))}"]


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        name, *rest = value
        return f"{name}={','.join(map(str, rest))}"
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else str(value)
