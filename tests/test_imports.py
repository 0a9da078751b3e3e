from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "schemas": set(),
    "operators": {"schemas"},
    "models": {"schemas"},
    "infra": {"schemas"},
    "streams": {"schemas", "operators", "models", "infra"},
}
# Pure stream logic knows no engine and no network.
OPERATORS_NEVER = {"faust", "aiokafka", "redis", "aiohttp", "httpx", "openai", "torch", "asyncio"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield str(node.module).split(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    ours = set(MAY_IMPORT)
    for path in files:
        found = set(imports(path))
        # What is measured is the pipeline's own code, so research calls it.
        measuring = {"operators", "infra"} if "research" in path.parts else set()
        forbidden = (found & ours) - MAY_IMPORT[package] - measuring - {package}
        assert not forbidden, f"{path.relative_to(ROOT)} imports {sorted(forbidden)}"
        assert "tests" not in found, f"{path.relative_to(ROOT)} imports the tests"


def test_operators_know_no_engine_and_no_network() -> None:
    for path in (ROOT / "operators").rglob("*.py"):
        forbidden = set(imports(path)) & OPERATORS_NEVER
        assert not forbidden, f"{path.relative_to(ROOT)} imports {sorted(forbidden)}"
