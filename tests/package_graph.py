"""The import graph, read from the sources: of modules, of packages (folders), and its levels."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("streams", "models", "operators", "infra", "schemas")

# Number of path components that name a module's package, by prefix; two for all others.
_DEPTHS = {
    ("infra",): 1,
    ("models", "research"): 3,
}

Graph = dict[str, set[str]]


@cache
def modules() -> dict[str, Path]:
    """Return every module of the five packages by its dotted name."""
    names = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


class Source:
    """What is read from a file: every import, and the public classes of its top level."""

    def __init__(self, text: str) -> None:
        tree = ast.parse(text)
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.classes = [
            node.name
            for node in tree.body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
        # No expression holds a statement, and most nodes are expressions.
        blocks: list[ast.AST] = [tree]
        while blocks:
            node = blocks.pop()
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.imports.append(node)
            for name in ("body", "orelse", "finalbody", "handlers", "cases"):
                blocks += getattr(node, name, ())


@cache
def source(path: Path) -> Source:
    """Return what a file imports and defines; each is parsed once."""
    return Source(path.read_text(encoding="utf-8"))


@cache
def imported_names(path: Path) -> set[str]:
    """Return the dotted names that a file imports, including those under TYPE_CHECKING."""
    names = set()
    for node in source(path).imports:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            assert node.level == 0, f"{path} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def module_imports() -> Graph:
    """Return, for each module, the modules of this repository that it imports."""
    known = modules()

    def module_of(name: str) -> str:
        while name and name not in known:
            name = name.rpartition(".")[0]
        return name

    return {
        name: {module_of(imported) for imported in imported_names(path)} - {"", name}
        for name, path in known.items()
    }


def cycle(graph: Graph) -> list[str]:
    """Return the nodes of a cyclic dependency, with the first repeated at the end, or []."""
    try:
        TopologicalSorter(graph).prepare()
    except ValueError as error:
        return list(error.args[1])
    return []


@cache
def package_imports() -> Graph:
    """Return, for each package, the packages that it imports."""
    packages: Graph = {}
    for name, targets in module_imports().items():
        packages.setdefault(_package(name), set()).update(_package(target) for target in targets)
    packages = {package: targets - {package} for package, targets in packages.items()}
    # A folder that only contains packages does not count.
    used = set().union(*packages.values())
    return {package: targets for package, targets in packages.items() if targets or package in used}


def class_homes() -> dict[str, list[str]]:
    """Return the modules that define each public class name."""
    homes: dict[str, list[str]] = {}
    for name, path in modules().items():
        for each in source(path).classes:
            homes.setdefault(each, []).append(name)
    return homes


def levels(graph: Graph) -> dict[str, int]:
    """Return each node's level: 1 without imports, else one above the highest import."""
    level: dict[str, int] = {}
    for node in TopologicalSorter(graph).static_order():
        level[node] = 1 + max((level[target] for target in graph.get(node, ())), default=0)
    return level


def transitive_reduction(graph: Graph) -> Graph:
    """Return the transitive reduction of the graph."""

    def reachable(node: str) -> set[str]:
        return {node}.union(*(reachable(target) for target in graph.get(node, ())))

    return {
        node: {t for t in targets if not any(t in reachable(o) for o in targets - {t})}
        for node, targets in graph.items()
    }


def within(name: str, *places: str) -> bool:
    """Return whether a module is one of `places` or below one."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


def _package(module: str) -> str:
    parts = modules()[module].parent.relative_to(ROOT).parts
    depth = next((d for start, d in _DEPTHS.items() if parts[: len(start)] == start), 2)
    return ".".join(parts[:depth])
