"""Reads what `infra.daily_log.export` writes as CSV, by the types of the records."""

from __future__ import annotations

import csv
import io
import json
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from infra.daily_log.export import _DERIVED, _TEXT, COLUMNS, ExportError
from infra.daily_log.records import Log, LogActivity, LogScenario
from infra.validation import first_problem

if TYPE_CHECKING:
    from infra.daily_log.table import Cells

Tree = dict[str, Any]
_MODELS: dict[str, type[LogScenario] | type[LogActivity]] = {
    "scenario": LogScenario,
    "activity": LogActivity,
}


def from_csv(text: str) -> Log:
    """Read what `to_csv` wrote; raises `ExportError` naming the line."""
    scenarios: list[LogScenario] = []
    activities: list[LogActivity] = []
    reader = csv.DictReader(io.StringIO(text, newline=""))
    head = reader.fieldnames
    if head is None or head[: len(COLUMNS)] != COLUMNS or len(set(head)) != len(head):
        raise ExportError(f"the header is {head}; expected {COLUMNS} and then a column each value")
    try:
        for cells in reader:
            record = _record(cells)
            if isinstance(record, LogScenario):
                scenarios.append(record)
            else:
                activities.append(record)
    except (ValueError, csv.Error) as error:
        why = first_problem(error) if isinstance(error, ValidationError) else str(error)
        raise ExportError(f"line {reader.line_num}: {why}") from error
    return Log.of(scenarios, activities)


def _record(cells: dict[str, str]) -> LogScenario | LogActivity:
    if None in cells or None in cells.values():
        raise ValueError("the number of cells is not that of the header")
    row = cells.pop("row")
    if row not in _MODELS:
        raise ValueError(f"row is {row!r}; expected one of {sorted(_MODELS)}")
    texts = {name: unescape_formula(cells.pop(name)) for name in _TEXT}
    nested = tree({name: cell for name, cell in cells.items() if name not in _DERIVED})
    model = _MODELS[row]
    return model.model_validate_json(json.dumps(fields_of(model, {**nested, **texts})))


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`."""
    return cell.removeprefix("'")


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
