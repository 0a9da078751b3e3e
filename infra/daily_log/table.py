"""Nested fields flattened to one value per cell, and parsed back by a model's types.

A column is the path to a value, as `scenarios.Cooking` or `refined.scenarios.0`; dots and
backslashes in names are escaped with a backslash. Absent values and empty lists have no cell. Text
that a spreadsheet would take for a formula, and empty text, is prefixed with an apostrophe, which
reading removes.
"""

from __future__ import annotations

import json
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Cells = dict[str, str]
Tree = dict[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def escape_formula(cell: str) -> str:
    """Prefix text that a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`."""
    return cell.removeprefix("'")


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


def tree(cells: Cells) -> Tree:
    """Return the nested tree of cells, without empty ones.

    Raises `ValueError` if a path continues below a value.
    """
    out: Tree = {}
    for column, text in cells.items():
        if not text:
            continue
        *branches, leaf = parts(column)
        at = out
        for name in branches:
            at = at.setdefault(name, {})
            if not isinstance(at, dict):
                raise ValueError(f"column {column!r} goes on below a column with a value")
        at[leaf] = unescape_formula(text)
    return out


def parts(column: str) -> list[str]:
    """Split a column's path into names."""
    names, name, escaped = [], "", False
    for letter in column:
        if escaped:
            name, escaped = name + letter, False
        elif letter == "\\":
            escaped = True
        elif letter == ".":
            names.append(name)
            name = ""
        else:
            name += letter
    return [*names, name]


def fields_of(model: type[BaseModel], node: Tree) -> Tree:
    """Return a model's fields as JSON values; fields without a cell are empty or absent."""
    fields = dict(node)
    for name, field in model.model_fields.items():
        annotation = _plain(field.annotation)
        if name in node:
            fields[name] = value_of(annotation, node[name])
        elif field.is_required() and get_origin(annotation) in (dict, list):
            fields[name] = get_origin(annotation)()
    return fields


def value_of(annotation: Any, node: Any) -> Any:
    """Return a JSON value from its cell, or from the tree of its cells.

    Raises `ValueError` if a cell does not match the type.
    """
    kind = _plain(annotation)
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return fields_of(kind, _branch(node))
    if origin is dict:
        return {key: value_of(get_args(kind)[1], each) for key, each in _branch(node).items()}
    if origin is list:
        items = sorted(_branch(node).items(), key=lambda item: int(item[0]))
        return [value_of(get_args(kind)[0], each) for _, each in items]
    if not isinstance(node, str):
        raise ValueError(f"{sorted(node)[0]!r} lies below a field of one value")
    if _is_text(kind):
        return node
    return json.loads(node)


def _plain(annotation: Any) -> Any:
    """Strip constraints and None from a type; other unions stay as they are."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, UnionType):
        kinds = [each for each in get_args(annotation) if each is not type(None)]
        return _plain(kinds[0]) if len(kinds) == 1 else annotation
    return annotation


def _is_text(annotation: Any) -> bool:
    kind = _plain(annotation)
    if get_origin(kind) in (Union, UnionType):
        return all(_is_text(each) for each in get_args(kind))
    return kind is str or get_origin(kind) is Literal


def _branch(node: Any) -> Tree:
    if not isinstance(node, dict):
        raise ValueError(f"a cell holds {node!r}; expected columns below it")
    return node


def _escape(name: str) -> str:
    return name.replace("\\", "\\\\").replace(".", "\\.")
