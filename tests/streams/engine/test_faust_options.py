from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import SettingsError
from infra.settings import load
from streams.engine.faust_options import faust_options

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match=r"EGOLOG_RUN_DIR has value '.*/file': .*\(not a dir"):
        faust_options(load(env_file=None, run_dir=file))
