from __future__ import annotations

from subprocess import CalledProcessError
from typing import TYPE_CHECKING

import pytest

from bench.subjects import bytecode

if TYPE_CHECKING:
    from pathlib import Path


def test_bytecode_is_written_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(bytecode, "ROOT", tmp_path)
    (tmp_path / "measured.py").write_text("STARTS = 1\n", encoding="utf-8")

    bytecode.write_bytecode(("measured",))

    assert list((tmp_path / "__pycache__").glob("measured.*.pyc"))


def test_a_program_that_cannot_be_imported_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytecode, "ROOT", tmp_path)
    with pytest.raises(CalledProcessError):
        bytecode.write_bytecode(("not_there",))
