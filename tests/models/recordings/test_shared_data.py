from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.shared_data import ENVIRONMENT, data_folder, shared_data

if TYPE_CHECKING:
    import pytest


def test_a_command_reads_from_its_option_then_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ENVIRONMENT, "/not/there")
    assert data_folder(Path("/named")) == Path("/named")
    assert data_folder(None) == Path("/not/there")
    monkeypatch.delenv(ENVIRONMENT)
    assert data_folder(None) == shared_data()
