"""Scenario names that a refiner may use besides the network's own, read from a file.

The default file holds Ego4D's list (Grauman et al. 2022, of which the paper uses 91), without the
name marked as deprecated, and with one name shortened by its explanation.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OWN = "own"
"""The setting's value that allows only the network's own names."""
MAX_NAMES = 250
MAX_NAME_CHARS = 128
MAX_CHARS = 6_000
"""Limit on all names together: about 1,500 tokens of every prompt."""
_MARKS = " -,.'/()&:+"


class ScenarioNamesError(ValueError):
    """A file of names cannot be read, or a name in it cannot be used."""


def read_names(path: Path | None) -> tuple[str, ...]:
    """Return the names in a file: Ego4D's for None, none for `own`.

    A file is a JSON list, or has one name per line; empty lines and lines that begin with # are
    skipped. Names that differ only in case or white space are one. Raises `ScenarioNamesError` with
    the offending name.
    """
    if path is None:
        return _default_names()
    if str(path) == OWN:
        return ()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ScenarioNamesError(f"the file cannot be read ({why})") from error
    return parse_names(text)


def parse_names(text: str) -> tuple[str, ...]:
    """Return the names in a file's text; raises as `read_names`."""
    by_key: dict[str, str] = {}
    for name in _parse_list(text):
        tidy = _check_name(name)
        by_key.setdefault(tidy.casefold(), tidy)
    if not by_key:
        raise ScenarioNamesError("the file holds no name")
    if len(by_key) > MAX_NAMES:
        raise ScenarioNamesError(f"the file holds {len(by_key)} names; at most {MAX_NAMES} fit")
    chars = sum(map(len, by_key.values()))
    if chars > MAX_CHARS:
        raise ScenarioNamesError(
            f"the file's names have {chars} characters together; at most {MAX_CHARS} fit"
        )
    return tuple(by_key.values())


@cache
def _default_names() -> tuple[str, ...]:
    return parse_names((files("infra") / "ego4d_scenarios.json").read_text(encoding="utf-8"))


def _parse_list(text: str) -> list[object]:
    if not text.lstrip().startswith("["):
        lines = (line.strip() for line in text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]
    try:
        listed: list[object] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScenarioNamesError(f"the file is no JSON list ({error})") from error
    return listed


def _check_name(name: object) -> str:
    if not isinstance(name, str):
        raise ScenarioNamesError(f"name {str(name)[:40]!r} is no text")
    tidy = " ".join(name.split())
    if not tidy or not tidy[0].isalnum():
        raise ScenarioNamesError(f"name {name[:40]!r} does not begin with a letter or digit")
    if len(tidy) > MAX_NAME_CHARS:
        raise ScenarioNamesError(
            f"name {tidy[:40] + '...'!r} has {len(tidy)} characters; at most {MAX_NAME_CHARS} fit"
        )
    odd = next((c for c in tidy if not c.isalnum() and c not in _MARKS), None)
    if odd is not None:
        raise ScenarioNamesError(f"name {tidy[:40]!r} holds {odd!r}")
    return tidy
