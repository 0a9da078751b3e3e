"""Nested fields flattened to one value per cell.

A column is the path to a value, as `scenarios.Cooking` or `refined.scenarios.0`; dots and
backslashes in names are escaped with a backslash. Absent values and empty lists have no cell. Text
that a spreadsheet would take for a formula, and empty text, is prefixed with an apostrophe.
"""

from __future__ import annotations

import json
from typing import Any

Cells = dict[str, str]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def escape_formula(cell: str) -> str:
    """Prefix text that a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def flatten(value: Any, path: str) -> Cells:
    """Flatten a JSON value to cells by column."""
    if value is None:
        return {}
    if isinstance(value, dict):
        items = [(_escape(key), each) for key, each in value.items()]
    elif isinstance(value, list):
        items = [(str(index), each) for index, each in enumerate(value)]
    elif isinstance(value, str):
        return {path: escape_formula(value) or "'"}
    else:
        return {path: escape_formula(json.dumps(value))}
    cells: Cells = {}
    for name, each in items:
        cells |= flatten(each, f"{path}.{name}")
    return cells


def _escape(name: str) -> str:
    return name.replace("\\", "\\\\").replace(".", "\\.")
