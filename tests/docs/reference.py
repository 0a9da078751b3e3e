"""Write docs/reference from the code: `python -m tests.docs.reference`, as `make docs` does first.

Settings come from their fields, topics from their table and the messages' fields, metrics from
Prometheus' registry, commands from their own --help and the HTTP interface from its description.
"""

from __future__ import annotations

import inspect
import os
import re
import types
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import click
from click.testing import CliRunner
from faust.cli.base import cli
from pydantic import BaseModel

from infra import metrics, topics
from infra.settings import Settings, load
from streams.commands.registration import register
from streams.engine.app import EgoLogApp
from streams.web.openapi.document import description

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pydantic.fields import FieldInfo

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
# All but Faust's own, which hold for any app.
OURS = (
    "example",
    "replay",
    "simulate",
    "import",
    "log",
    "devices",
    "labels",
    "models",
    "finetune",
    "notifications",
    "dead-letters",
    "status",
    "topics",
    "settings",
)
_WIDTH = 90
_SAME_AS = "Options that every Faust command has are in `faust --help`; `worker` is Faust's own."


def settings_page() -> str:
    """Return the page of settings: name, default and meaning, in the order of `settings`."""
    rows = [
        (f"`{row.name}`", _code(row.default), _prose(row.description))
        for row in _default_settings().rows()
    ]
    return _page(
        "Settings",
        "Each is an environment variable or a line in `.env`; `faust -A streams.app settings` "
        "lists them with the values that hold. A value that is misspelt or out of range ends the "
        "worker before it starts, in one line that says what would be right.",
        _table(("setting", "default", "meaning"), rows),
    )


def messages_page() -> str:
    """Return the page of topics, each with the fields of its messages and their bounds."""
    parts = [
        "A message is msgpack `[type, version, crc32(body), body]`, where `body` is the msgpack "
        "map of the fields below, keyed by device unless its topic says otherwise. One whose "
        "default is `None` may be left out. Times are nanoseconds since the epoch, UTC. A name has "
        "the broker's prefix (`EGOLOG_TOPIC_PREFIX`) before it.",
        _table(
            ("topic", "message", "kept for", "at most"),
            [
                (
                    f"[`{topic.name}`](#{_anchor(topic.name)})",
                    f"`{topic.value.TYPE}`",
                    topic.kept_for,
                    f"{topic.value.MAX_BYTES:,} bytes",
                )
                for topic in topics.TOPICS
            ],
        ),
    ]
    inner: dict[str, type[BaseModel]] = {}
    for topic in topics.TOPICS:
        parts += [
            f"## {topic.name} {{ #{_anchor(topic.name)} }}",
            f"`{topic.value.TYPE}`, version {topic.value.VERSION}"
            + (", written where `EGOLOG_DEBUG_TOPICS` is on" if topic.debugging else "")
            + ".",
            inspect.cleandoc(topic.value.__doc__ or ""),
            _fields(topic.value, inner),
        ]
    done: set[str] = set()
    while missing := [name for name in inner if name not in done]:
        for name in missing:
            done.add(name)
            kind = inner[name]
            parts += [
                f"## {name} {{ #{name.lower()} }}",
                inspect.cleandoc(kind.__doc__ or ""),
                _fields(kind, inner),
            ]
    return _page("Topics and messages", *parts)


def metrics_page() -> str:
    """Return the page of metrics: name, type, labels and meaning."""
    rows = []
    for metric in (getattr(metrics, name) for name in metrics.__all__):
        if not hasattr(metric, "_documentation"):
            continue
        name = metric._name + ("_total" if metric._type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)
        rows.append((f"`{name}`", metric._type, labels, _prose(metric._documentation)))
    return _page(
        "Metrics",
        "`/metrics` of a worker, and `EGOLOG_FINETUNE_METRICS_PORT` of the fine-tuner, in "
        "Prometheus' text format. Label values that are known beforehand are there from the start "
        "with the value 0.",
        _table(("metric", "type", "labels", "meaning"), sorted(rows)),
    )


def commands_page() -> str:
    """Return the page of commands, each with its own --help."""
    parts = [f"Each is run as `faust -A streams.app COMMAND`. {_SAME_AS}"]
    with register_commands():
        for path in _paths():
            heading = "#" * (1 + len(path))
            parts += [f"{heading} {' '.join(path)}", f"```text\n{help_of(*path)}\n```"]
    return _page("Commands", *parts)


def http_page() -> str:
    """Return the page of the HTTP interface, from the description that a worker serves."""
    described = description()
    parts = [
        f"{described['info']['description']} A worker serves this as OpenAPI "
        f"{described['openapi']} at `/api/openapi.json`. "
        "With `EGOLOG_WEB_TOKEN` a request carries `Authorization: Bearer`.",
    ]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parts += [f"## {method.upper()} {path}", f"{operation['summary']}."]
            if operation.get("parameters"):
                parts.append(
                    _table(
                        ("parameter", "in", "values", "meaning"),
                        [
                            (
                                f"`{each['name']}`" + (" (required)" if each["required"] else ""),
                                each["in"],
                                _schema(each["schema"]),
                                _prose(each["description"]),
                            )
                            for each in operation["parameters"]
                        ],
                    )
                )
            if "requestBody" in operation:
                [(media, content)] = operation["requestBody"]["content"].items()
                parts.append(f"Body: {media}, {_schema(content['schema'])}.")
            parts.append(_answers(operation["responses"]))
    for name, schema in described["components"]["schemas"].items():
        parts += [f"## {name}", _prose(schema.get("description", ""))]
        if "properties" in schema:
            required = schema.get("required", [])
            parts.append(
                _table(
                    ("field", "type", "default"),
                    [
                        (
                            f"`{field}`" + (" (required)" if field in required else ""),
                            _schema(value),
                            _code(str(value["default"])) if "default" in value else "",
                        )
                        for field, value in schema["properties"].items()
                    ],
                )
            )
    return _page("HTTP interface", *[part for part in parts if part])


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "messages.md": messages_page,
    "metrics.md": metrics_page,
    "commands.md": commands_page,
    "http.md": http_page,
}


def help_of(*path: str) -> str:
    """Return what a command prints for --help, as a terminal of 90 columns shows it."""
    done = CliRunner().invoke(
        cli,
        [*path, "--help"],
        prog_name="faust -A streams.app",
        terminal_width=_WIDTH,
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    return done.output.rstrip()


def _paths() -> Iterator[tuple[str, ...]]:
    for name in OURS:
        yield (name,)
        command = cli.commands[name]
        if isinstance(command, click.Group):
            for action in command.commands:
                yield name, action


@contextmanager
def register_commands() -> Iterator[None]:
    """Put our commands on Faust's command line, and take them off it again."""
    others = dict(cli.commands)
    if not isinstance(cli.commands.get("dead-letters"), click.Group):
        register(EgoLogApp(_default_settings()))
    try:
        yield
    finally:
        cli.commands = others


def _default_settings() -> Settings:
    """Return the settings as they ship, whatever this machine has set."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("EGOLOG_")}
    try:
        return load(env_file=None)
    finally:
        os.environ.update(kept)


def _fields(kind: type[BaseModel], inner: dict[str, type[BaseModel]]) -> str:
    return _table(
        ("field", "type", "bounds", "default"),
        [
            (f"`{name}`", _type(field.annotation, inner), _bounds(field.metadata), _default(field))
            for name, field in kind.model_fields.items()
            if not field.exclude
        ],
    )


def _type(annotation: Any, inner: dict[str, type[BaseModel]]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = _bounds(_metadata(arguments[1:]))
        return _type(arguments[0], inner) + (f" ({bounds})" if bounds else "")
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(each, inner) for each in arguments)
    if origin is list:
        return f"list of {_type(arguments[0], inner)}"
    if origin is dict:
        return f"map from {_type(arguments[0], inner)} to {_type(arguments[1], inner)}"
    if annotation is type(None):
        return "none"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner[annotation.__name__] = annotation
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return str(getattr(annotation, "__name__", annotation))


_BOUNDS = (
    ("ge", "≥"),
    ("gt", ">"),
    ("le", "≤"),
    ("lt", "<"),
    ("min_length", "length ≥"),
    ("max_length", "length ≤"),
)


def _metadata(marks: tuple[Any, ...]) -> list[Any]:
    return [each for mark in marks for each in getattr(mark, "metadata", [mark])]


def _bounds(metadata: list[Any]) -> str:
    words = []
    for mark in metadata:
        words += [f"{sign} {getattr(mark, name)}" for name, sign in _BOUNDS if hasattr(mark, name)]
        if getattr(mark, "pattern", None):
            words.append(_code(mark.pattern))
    return ", ".join(words)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return _code(repr(field.get_default(call_default_factory=True)))


def _schema(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(_schema(each) for each in schema["anyOf"])
    if schema.get("type") == "array" and "items" in schema:
        return f"array of {_schema(schema['items'])}"
    words = [str(schema.get("type", "any"))]
    if schema.get("format") == "date-time" or "ISO 8601" in schema.get("description", ""):
        words.append(_prose(schema.get("description", "")))
    words += [f"{sign} {schema[key]}" for key, sign in _LIMITS if key in schema]
    return ", ".join(word for word in words if word)


_LIMITS = (
    ("minimum", "≥"),
    ("maximum", "≤"),
    ("exclusiveMaximum", "<"),
    ("minLength", "length ≥"),
    ("maxLength", "length ≤"),
    ("minItems", "items ≥"),
    ("maxItems", "items ≤"),
)


def _answers(responses: dict[str, Any]) -> str:
    refused = [status for status, answer in responses.items() if "$ref" in answer]
    parts = []
    for status, answer in responses.items():
        if "$ref" in answer:
            continue
        for media, content in answer.get("content", {}).items():
            fields = content["schema"].get("required", [])
            with_fields = f" with {', '.join(f'`{f}`' for f in fields)}" if fields else ""
            parts.append(f"{status}: {media}, {content['schema'].get('type')}{with_fields}")
    if refused:
        parts.append(f"{', '.join(refused)}: [Error](#error)")
    return "Answers: " + "; ".join(parts) + "."


def _page(title: str, *parts: str) -> str:
    head = "<!-- Written by `python -m tests.docs.reference`; change the code instead. -->"
    return "\n\n".join([head, f"# {title}", *parts]) + "\n"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`" if text else ""


def _prose(text: str) -> str:
    # What stands between angle brackets or stars is meant as it is written.
    parts = re.split(r"(EGOLOG_[A-Z0-9_]+|`[^`]*`)", " ".join(text.split()))
    parts[::2] = [re.sub(r"([|*_<])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"`{part.strip('`')}`" for part in parts[1::2]]
    prose = "".join(parts)
    return prose[:1].upper() + prose[1:]


def _anchor(name: str) -> str:
    return name.replace(".", "-")


def main() -> None:
    """Write every page that is not current."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        path, text = FOLDER / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
