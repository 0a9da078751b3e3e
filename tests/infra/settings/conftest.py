from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave no setting in the environment, and no `.env` in the working folder."""
    for name in os.environ:
        if name.upper().startswith("EGOLOG_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
