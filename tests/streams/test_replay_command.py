from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.probe import free_port
from infra.settings import Settings
from models.recordings.datasets import ego4d
from models.recordings.folder import open_folder
from models.simulation.simulated_day import SimulatedDay
from streams.commands.replay import _list_skipped, _say_what_became
from streams.producers.frames import Identity, frames
from streams.producers.outcome import PublishedWindows
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


async def test_without_a_store_it_is_said_that_nothing_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(_env_file=None, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    published = PublishedWindows()
    published.add(next(iter(frames(SimulatedDay(3, 0.5), Identity("d", "s")))).frame)
    await _say_what_became(settings, published)
    printed = capsys.readouterr().err
    assert printed.startswith("what became of it is not known: redis at ")
    assert printed.count("\n") == 1


async def test_an_endless_loop_is_not_followed(capsys: pytest.CaptureFixture[str]) -> None:
    await _say_what_became(Settings(_env_file=None), PublishedWindows())
    assert capsys.readouterr() == ("", "")
