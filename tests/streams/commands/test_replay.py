from __future__ import annotations

import asyncio
import re
import signal
from typing import TYPE_CHECKING, Any

import click
import pytest

from infra import topics
from infra.broker import fleet, topic_creation
from infra.broker.fleet import Member
from infra.broker.topic_reader import TopicReader
from infra.local.probe import free_port
from infra.settings import Settings
from models.recordings.datasets import ego4d
from models.recordings.folder import open_folder
from models.simulation.simulated_day import SimulatedDay
from schemas import AudioFrame
from streams.commands import replay as of_replay
from streams.commands.replay import Identifier, _print_outcome, list_skipped
from streams.producers.frames import Identity, frames
from streams.producers.outcome import PublishedWindows, ReplayOutcome, follow
from tests.broker_settings import with_topics
from tests.models.recordings import paper_sets
from tests.models.recordings.imports.sounds import sound
from tests.models.recordings.paper_sets import VIDEO
from tests.pipeline.running import Worker
from tests.warm_process import FaustProcess

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.protocol import Recording


def test_what_was_skipped_is_listed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper_sets.ego4d(tmp_path / "set", [{**VIDEO, "uid": uid} for uid in "ab"])
    (tmp_path / "set" / "v2" / "audio" / "b.flac").unlink()
    folder = tmp_path / "folder"
    folder.mkdir()
    sound(folder / "plain.wav", 1.0)
    (folder / "noise.wav").write_bytes(b"RIFF")
    recordings: list[Recording] = [*ego4d.open_set(tmp_path / "set"), open_folder(folder)]
    listed: set[str] = set()
    list_skipped(recordings, listed)
    list_skipped(recordings, listed)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "skipped: 1 file absent: b.flac"
    assert lines[1].startswith(f"skipped {folder / 'noise.wav'}: ")
    assert len(lines) == 2


async def test_without_a_store_it_is_said_that_nothing_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(_env_file=None, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    published = PublishedWindows()
    published.add(next(iter(frames(SimulatedDay(3, 0.5), Identity("d", "s")))).frame)
    await _print_outcome(settings, published)
    printed = capsys.readouterr().err
    assert printed.startswith("what became of it is not known: redis at ")
    assert printed.count("\n") == 1


async def test_what_no_worker_has_logged_is_said_with_who_is_in_the_group(
    tmp_path: Path,
    broker_url: str,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def follow_shortly(*arguments: Any, **options: Any) -> ReplayOutcome:
        return await follow(*arguments, **options, answer_s=0.01)

    async def one(_settings: Settings) -> tuple[str, list[Member]]:
        return "Stable", [Member("node-1:6066", "10.0.0.1", None)]

    monkeypatch.setattr(of_replay, "follow", follow_shortly)
    settings = (await own_topics(broker_url, tmp_path)).model_copy(update={"redis_url": redis_url})
    await topic_creation.create(settings)
    published = PublishedWindows()
    published.add(next(iter(frames(SimulatedDay(3, 0.5), Identity("d", "s")))).frame)
    settings = settings.model_copy(update={"app_id": "nobodys"})
    await _print_outcome(settings, published)
    assert "\nno worker is in the group: the frames wait for one; " in capsys.readouterr().out
    monkeypatch.setattr(fleet, "members", one)
    await _print_outcome(settings, published)
    assert "although node-1:6066 is in the group" in capsys.readouterr().out


async def test_an_endless_loop_is_not_followed(capsys: pytest.CaptureFixture[str]) -> None:
    await _print_outcome(Settings(_env_file=None), PublishedWindows())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("option", ["--device", "--session"])
def test_what_is_no_id_is_refused(option: str) -> None:
    with pytest.raises(click.UsageError, match=r"id is 'my phone'; expected 1 to 64 letters"):
        Identifier().convert("my phone", click.Option([option]), None)
    assert Identifier().convert("phone-1", None, None) == "phone-1"


async def own_topics(broker_url: str, run_dir: Path) -> Settings:
    """Settings of a broker on which nobody else has these topics, of one partition."""
    made = await with_topics(broker_url, 1)
    return Settings(
        _env_file=None,
        broker_url=broker_url,
        topic_prefix=made.topic_prefix,
        topic_partitions=1,
        run_dir=run_dir,
    )


async def test_a_repeated_replay_goes_on_as_new_sessions_until_it_is_stopped(
    tmp_path: Path, broker_url: str
) -> None:
    settings = await own_topics(broker_url, tmp_path)
    command = ("replay", "simulated:1:1", "--repeat", "--speed", "max")
    log = tmp_path / "log"
    replay = FaustProcess(command, Worker(settings).environment(), log, log)
    sessions: set[str] = set()
    async with asyncio.timeout(100), TopicReader(settings, topics.AUDIO_FRAMES) as reader:
        async for record in reader.follow():
            sessions.add(AudioFrame.decode(record.value).session_id)
            if len(sessions) == 3:
                break
    first = min(sessions, key=len)
    assert sessions == {first, f"{first}.l1", f"{first}.l2"}
    replay.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(replay.wait, 60) == 0


async def test_a_replay_that_is_interrupted_says_how_much_was_sent(
    tmp_path: Path, broker_url: str
) -> None:
    settings = await own_topics(broker_url, tmp_path)
    log = tmp_path / "log"
    command = ("replay", "simulated:1:1", "--speed", "1")
    replay = FaustProcess(command, Worker(settings).environment(), log, log)
    async with asyncio.timeout(100), TopicReader(settings, topics.AUDIO_FRAMES) as reader:
        async for _ in reader.follow():
            break
    replay.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(replay.wait, 60) == 130
    sent, interrupted = log.read_text().splitlines()[-2:]
    assert re.fullmatch(
        r"\d+ frames were sent: run this again to send all, none is logged twice", sent
    )
    assert interrupted == "interrupted"
