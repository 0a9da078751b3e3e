from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from schemas.extras import EXTRAS, MissingExtraError, is_missing_extra, needs

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOLDERS = ("schemas", "operators", "infra", "models", "streams", "bench")
COMMANDS = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__main__")
    for folder in ("models/research", "models/simulation", "streams/demo", "bench")
    for path in (ROOT / folder).rglob("*.py")
    if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
)


def test_the_table_is_that_of_the_project() -> None:
    declared = {
        (re.split(r"[^A-Za-z0-9._-]", row, maxsplit=1)[0], extra)
        for extra, rows in PROJECT["optional-dependencies"].items()
        # What only tests and the documentation use needs no line of its own.
        if extra not in ("dev", "docs")
        for row in rows
    }
    assert set(EXTRAS.values()) == {
        (name, extra) for name, extra in declared if name != PROJECT["name"]
    }


# Few files name an extra's module, and walking all the others takes seconds.
NAMED = re.compile(rf"\b({'|'.join(map(re.escape, EXTRAS))})\b")


def unguarded_imports(path: Path) -> list[str]:
    """Return the imports of an extra's module that stand in no `needs` and in no `try`."""
    text = path.read_text(encoding="utf-8")
    if not NAMED.search(text):
        return []
    tree = ast.parse(text)
    guarded: dict[ast.AST, set[str]] = {}
    for node in ast.walk(tree):
        names: set[str] = set()
        if isinstance(node, ast.Try):
            kinds = {ast.unparse(h.type) for h in node.handlers if h.type is not None}
            names = set(EXTRAS) if "ImportError" in kinds else set()
        elif isinstance(node, ast.With):
            for call in (item.context_expr for item in node.items):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "needs":
                    names.add(ast.literal_eval(call.args[0]))
        if names and isinstance(node, ast.Try | ast.With):
            for inner in (each for child in node.body for each in ast.walk(child)):
                guarded.setdefault(inner, set()).update(names)
    bare = []
    for node in ast.walk(tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [str(node.module)]
        roots = {module.partition(".")[0] for module in modules} & set(EXTRAS)
        bare += sorted(roots - guarded.get(node, set()))
    return bare


def test_every_import_of_an_extra_says_which_one_is_missing() -> None:
    bare = {
        path.relative_to(ROOT).as_posix(): names
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if (names := unguarded_imports(path))
    }
    assert bare == {}


# In a process of its own: what is imported once stays imported.
WITHOUT = """
import runpy, sys
from schemas.extras import EXTRAS, is_missing_extra
for name in EXTRAS:
    sys.modules[name] = None
lacking = 0
for command in sys.argv[1:]:
    sys.argv = [command, "--help"]
    try:
        runpy.run_module(command, run_name="__main__")
    except SystemExit as ended:
        assert not ended.code, command
    except Exception as error:
        assert is_missing_extra(error), (command, error)
        assert "egolog-streams[" in str(error) and "\\n" not in str(error), error
        lacking += 1
print("lacking", lacking)
"""


def test_every_command_without_the_extras_ends_in_one_line_or_does_without() -> None:
    assert len(COMMANDS) >= 20
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *COMMANDS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.rsplit("lacking ", 1)[1]) >= 3


def test_what_leaves_a_command_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'matplotlib'\", name='matplotlib')\n"
    )
    command = [
        *(sys.executable, "-c"),
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import models.research.lib.plots",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: plots need matplotlib; install it with: pip install 'egolog-streams[research]'\n"
    )


def test_an_error_of_another_type_is_known_as_that_of_an_extra() -> None:
    with (
        pytest.raises(ValueError, match=r"^sounds need av; ") as caught,
        needs("av", "sounds need", ValueError),
    ):
        raise ModuleNotFoundError("no module", name="av.container")
    assert is_missing_extra(caught.value)
    assert is_missing_extra(MissingExtraError("x"))
    assert not is_missing_extra(ImportError("x", name="numpy"))
    assert not is_missing_extra(ValueError("x"))
