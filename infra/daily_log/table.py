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
    kind = type(value)
    # A week has millions of numbers, and maps from names to them.
    if kind is float or kind is int:
        text = repr(value)
        # But for negative ones, and those that JSON does not have.
        cells[path] = text if text[0].isdigit() else escape_formula(json.dumps(value))
    elif kind is dict:
        for key, each in value.items():
            flatten(cells, each, _column(path, key))
    elif kind is list:
        for index, each in enumerate(value):
            flatten(cells, each, f"{path}.{index}")
    elif kind is str:
        cells[path] = escape_formula(value) or "'"
    elif value is not None:
        cells[path] = json.dumps(value)


def add_columns(columns: dict[str, None], value: Any, path: str) -> None:
    """Add the columns of a JSON value's cells, in their order."""
    kind = type(value)
    if kind is dict:
        for key, each in value.items():
            add_columns(columns, each, _column(path, key))
    elif kind is list:
        for index, each in enumerate(value):
            add_columns(columns, each, f"{path}.{index}")
    elif value is not None:
        columns[path] = None


@lru_cache(maxsize=1 << 14)
def _column(path: str, name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace(".", "\\.")
    return f"{path}.{escaped}"
