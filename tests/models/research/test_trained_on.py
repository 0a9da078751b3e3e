from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.unseen import TRAINED_ON
from models.research import trained_on
from models.research.lib.error_lines import UNUSABLE
from tests.models import small_data
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_shipped_list_is_what_the_recordings_say(tmp_path: Path) -> None:
    written = tmp_path / "trained_on.json"
    assert trained_on.main(["--data", str(shared_data()), "--out", str(written)]) == 0
    assert written.read_bytes() == TRAINED_ON.read_bytes()


def test_a_folder_without_a_data_set_writes_no_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "trained_on.json"
    folder = small_data.write(tmp_path / "data")
    assert trained_on.main(["--data", str(folder), "--out", str(written)]) == UNUSABLE
    assert "geotec_phone_50hz.npz" in capsys.readouterr().err
    assert not written.exists()
