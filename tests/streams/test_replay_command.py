from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.datasets import ego4d
from models.recordings.folder import open_folder
from streams.commands.replay import _list_skipped
from tests.models.recordings import paper_sets
from tests.models.recordings.datasets.test_ego4d import VIDEO
from tests.models.recordings.test_folder import sound

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from models.recordings.protocol import Recording


def test_what_was_skipped_is_listed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper_sets.ego4d(tmp_path / "set", [{**VIDEO, "uid": uid} for uid in "ab"])
    (tmp_path / "set" / "v2" / "audio" / "b.flac").unlink()
    sound(tmp_path / "plain.wav", 1.0)
    (tmp_path / "noise.wav").write_bytes(b"RIFF")
    recordings: list[Recording] = [*ego4d.open_set(tmp_path / "set"), open_folder(tmp_path)]
    listed: set[str] = set()
    _list_skipped(recordings, listed)
    _list_skipped(recordings, listed)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "skipped: 1 file absent: b.flac"
    assert lines[1].startswith(f"skipped {tmp_path / 'noise.wav'}: ")
    assert len(lines) == 2
