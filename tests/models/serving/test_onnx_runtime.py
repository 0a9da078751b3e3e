from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SILENCED = Path("models/serving/onnx_runtime.py")
# Part of what was imported silenced by then.
OF_TRAINING = (Path("models/research/int8.py"), "onnxruntime.quantization")


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name.partition(".")[0] == "onnxruntime"}


def test_it_writes_no_id_of_the_machine_and_sends_nothing(tmp_path: Path) -> None:
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    home.pop("ORT_DISABLE_TELEMETRY", None)
    code = "from models.serving.onnx_runtime import onnxruntime; onnxruntime.SessionOptions()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=home, check=True)
    assert list(tmp_path.rglob("*")) == []


def test_nothing_else_imports_it() -> None:
    found = {
        (path.relative_to(ROOT), name)
        for package in ("bench", "infra", "models", "operators", "schemas", "streams")
        for path in (ROOT / package).rglob("*.py")
        for name in imports(path)
    }
    assert found == {(SILENCED, "onnxruntime"), OF_TRAINING}
