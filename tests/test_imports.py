"""The rules of the architecture: which package may import which, and how many levels there are."""

from __future__ import annotations

import ast
from importlib import import_module

import pytest

from tests.package_graph import (
    PACKAGES,
    ROOT,
    Source,
    class_homes,
    cycle,
    imported_names,
    levels,
    module_imports,
    modules,
    package_imports,
    within,
)

MAY_IMPORT: dict[str, set[str]] = {
    "schemas": set(),
    "operators": {"schemas"},
    "models": {"schemas"},
    "infra": {"schemas"},
    "streams": {"schemas", "operators", "models", "infra"},
}
RESEARCH = "models.research"
# Research may, so that it measures the pipeline's own code.
RESEARCH_MAY_IMPORT = MAY_IMPORT["models"] | {"operators", "infra"}
# Stream logic is pure: without engine, network or clock.
OPERATORS_NEVER = {
    "aiohttp",
    "aiokafka",
    "asyncio",
    "datetime",
    "faust",
    "httpx",
    "openai",
    "redis",
    "time",
    "torch",
}
SERVING = ("models.egolog", "models.lanhar", "models.serving", "models.finetuning")
DATA = ("models.recordings", "models.simulation")
# Packages, and those that they must not import.
NEVER = [
    ((*SERVING, *DATA, "streams", "infra", "operators", "schemas"), (RESEARCH,)),
    (SERVING, DATA),
    (("models.recordings",), ("models.simulation",)),
    (("streams.commands",), ("streams.web",)),
    (
        ("streams.engine",),
        tuple(f"streams.{name}" for name in ("producers", "commands", "labels", "web", "demo")),
    ),
]
# From sound waves to days: each package imports only those before it.
SIMULATION = ("acoustics", "life", "rendering", "sources")
MAY_OPEN_RECORDINGS = ("streams.producers", "streams.commands", "streams.demo")
MAX_LEVELS = 8
MAX_ENTRIES_OF_MODELS = 12


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    ours = [name for name in modules() if within(name, package)]
    assert ours
    for name in ours:
        allowed = RESEARCH_MAY_IMPORT if within(name, RESEARCH) else MAY_IMPORT[package]
        imported = {target.partition(".")[0] for target in module_imports()[name]}
        assert imported <= allowed | {package}, f"{name} imports {sorted(imported - allowed)}"


def test_nothing_imports_the_tests() -> None:
    for name, path in modules().items():
        assert not any(within(target, "tests") for target in imported_names(path)), name


def test_no_module_imports_tests_of_another() -> None:
    # What tests share stands in a module beside them that holds none.
    for path in sorted((ROOT / "tests").rglob("*.py")):
        ours = [name.split(".") for name in imported_names(path) if within(name, "tests")]
        holders = [parts for parts in ours if any(part.startswith("test_") for part in parts)]
        assert not holders, path


def test_operators_know_no_engine_no_network_and_no_clock() -> None:
    for name, path in modules().items():
        if within(name, "operators"):
            imported = {target.partition(".")[0] for target in imported_names(path)}
            assert not imported & OPERATORS_NEVER, name


@pytest.mark.parametrize(("who", "what"), NEVER)
def test_packages_do_not_import_forbidden_ones(who: tuple[str, ...], what: tuple[str, ...]) -> None:
    for name, targets in module_imports().items():
        if within(name, *who):
            forbidden = [target for target in targets if within(target, *what)]
            assert not forbidden, f"{name} imports {forbidden}"


def test_only_replay_opens_recordings() -> None:
    for name, targets in module_imports().items():
        if within(name, "streams") and not within(name, *MAY_OPEN_RECORDINGS):
            assert not [t for t in targets if within(t, *DATA)], name


def test_simulation_packages_import_only_lower_ones() -> None:
    for at, package in enumerate(SIMULATION):
        above = [f"models.simulation.{name}" for name in SIMULATION[at + 1 :]]
        for name, targets in module_imports().items():
            if within(name, f"models.simulation.{package}"):
                assert not [t for t in targets if within(t, *above)], name


def test_files_have_no_import_cycle() -> None:
    assert not cycle(module_imports())


def test_packages_have_no_import_cycle() -> None:
    assert not cycle(package_imports())


def test_packages_have_at_most_eight_levels() -> None:
    assert max(levels(package_imports()).values()) <= MAX_LEVELS


def test_the_listing_of_models_reads_like_the_papers() -> None:
    entries = [
        path for path in (ROOT / "models").iterdir() if path.name not in ("__pycache__", "py.typed")
    ]
    assert len(entries) <= MAX_ENTRIES_OF_MODELS, sorted(path.name for path in entries)


def test_public_class_names_are_unique() -> None:
    assert {name: homes for name, homes in class_homes().items() if len(homes) > 1} == {}


def test_what_a_package_exports_is_there() -> None:
    # Ruff tells it of other files.
    for name, path in modules().items():
        if path.name == "__init__.py":
            package = import_module(name)
            lacking = [
                each for each in getattr(package, "__all__", ()) if not hasattr(package, each)
            ]
            assert not lacking, name


def test_no_command_hands_its_own_functions_to_spawned_processes() -> None:
    # A spawned process cannot import a package's `__main__`, so its functions live beside it.
    for name, path in modules().items():
        if name.endswith(".__main__"):
            pools = {n for n in imported_names(path) if within(n, "multiprocessing", "concurrent")}
            assert not pools, f"{name} imports {sorted(pools)}"


def test_a_cyclic_dependency_is_found() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})[0] in "abc"
    assert not cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()})


HIDDEN = """
import a
class One:
    from b import c
    async def two(self):
        with self:
            import d
        try:
            import e
        except Error:
            import f
        else:
            import g
        finally:
            import h
for _ in ():
    while True:
        import i
else:
    match _:
        case None:
            if True:
                import j
            elif False:
                import k
"""


def test_an_import_is_found_wherever_it_stands() -> None:
    found = sorted(ast.unparse(node) for node in Source(HIDDEN).imports)
    assert found == ["from b import c", *(f"import {name}" for name in "adefghijk")]
