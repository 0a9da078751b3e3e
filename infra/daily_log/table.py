"""Nested fields flattened to one value per cell.

A column is the path to a value, as `scenarios.Cooking` or `refined.scenarios.0`; dots and
backslashes in names are escaped with a backslash. Absent values and empty lists have no cell. Text
that a spreadsheet would take for a formula, and empty text, is prefixed with an apostrophe.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

Cells = dict[str, str]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def escape_formula(cell: str) -> str:
    """Prefix text that a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def flatten(cells: Cells, value: Any, path: str) -> None:
    """Add the cells of a JSON value by column."""
    cells |= {column: _cell(leaf) for column, leaf in _leaves(value, path).items()}


def add_columns(columns: dict[str, None], value: Any, path: str) -> None:
    """Add the columns of a JSON value's cells, in their order."""
    columns |= dict.fromkeys(_leaves(value, path))


def _leaves(value: Any, path: str) -> dict[str, Any]:
    """Return the values in a JSON value that have a cell, by column."""
    leaves: dict[str, Any] = {}
    _add_leaves(leaves, value, path)
    return leaves


def _add_leaves(leaves: dict[str, Any], value: Any, path: str) -> None:
    kind = type(value)
    if kind is dict:
        for key, each in value.items():
            _add_leaves(leaves, each, _column(path, key))
    elif kind is list:
        for index, each in enumerate(value):
            _add_leaves(leaves, each, f"{path}.{index}")
    elif value is not None:
        leaves[path] = value


def _cell(leaf: Any) -> str:
    kind = type(leaf)
    # A week has millions of numbers.
    if kind is float or kind is int:
        text = repr(leaf)
        # But for negative ones, and those that JSON does not have.
        return text if text[0].isdigit() else escape_formula(json.dumps(leaf))
    if kind is str:
        return escape_formula(leaf) or "'"
    return json.dumps(leaf)


@lru_cache(maxsize=1 << 14)
def _column(path: str, name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace(".", "\\.")
    return f"{path}.{escaped}"
