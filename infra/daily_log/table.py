"""Nested fields as cells of one value each, and back by the types of a model.

A cell's column is the path to its value, `scenarios.Cooking` or `refined.scenarios.0`; a dot or a
backslash inside a name is written after a backslash. Nothing is written for what is absent or for
an empty list. A text that a spreadsheet would take for a formula, and an empty one, begin with an
apostrophe, which reading takes away again.
"""

from __future__ import annotations

import json
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Cells = dict[str, str]
Tree = dict[str, Any]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def disarmed(cell: str) -> str:
    """Return a text as no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def armed(cell: str) -> str:
    """Return the text that was disarmed."""
    return cell.removeprefix("'")


def flattened(value: Any, path: str) -> Cells:
    """Return the cells of a value of JSON's types by column."""
    if value is None:
        return {}
    if isinstance(value, dict):
        items = [(_escaped(key), each) for key, each in value.items()]
    elif isinstance(value, list):
        items = [(str(index), each) for index, each in enumerate(value)]
    elif isinstance(value, str):
        return {path: disarmed(value) or "'"}
    else:
        return {path: disarmed(json.dumps(value))}
    cells: Cells = {}
    for name, each in items:
        cells |= flattened(each, f"{path}.{name}")
    return cells


def tree(cells: Cells) -> Tree:
    """Return cells by the parts of their paths, those without a text left out.

    Raises `ValueError` where a path goes on below a value.
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
        at[leaf] = armed(text)
    return out


def parts(column: str) -> list[str]:
    """Return the names that a column's path is made of."""
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
    """Return the fields of a model as JSON has them; what has no cell is empty or left out."""
    fields = dict(node)
    for name, field in model.model_fields.items():
        annotation = _plain(field.annotation)
        if name in node:
            fields[name] = value_of(annotation, node[name])
        elif field.is_required() and get_origin(annotation) in (dict, list):
            fields[name] = get_origin(annotation)()
    return fields


def value_of(annotation: Any, node: Any) -> Any:
    """Return a value of JSON's types from its cell, or from the tree of its cells.

    Raises `ValueError` where a cell is not of the type.
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
    """Return a type without its bounds and without None; one of several kinds stays as it is."""
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


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace(".", "\\.")
