from __future__ import annotations

import asyncio
from collections import Counter
from itertools import groupby, takewhile
from typing import TYPE_CHECKING, Any

import pytest

from infra.broker import topic_creation
from infra.broker.topic_reader import read_all, read_letters
from models.lanhar.upright import Upright
from models.serving.lanhar_loading import open_positions, require_lanhar
from models.serving.registry import Registry
from schemas import Activity, Scenario, Window
from schemas.frames import NS
from streams.engine.vocabulary.known_labels import label_set
from streams.engine.vocabulary.ranking import RankedLabels, Rankings, RankInput
from streams.har import upright_after
from streams.labels.describe import Describer, packaged_texts
from streams.labels.editor import LabelEditor
from streams.position import position_after, worn_at
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from models.recordings.protocol import AudioChunk, ImuChunk, Recording
    from schemas.position import Place
    from tests.conftest import Services

MINUTES = 4.0
BEGIN_S = 60.0
NEW = "moving about"


@pytest.mark.pipeline
@pytest.mark.timeout(400)
async def test_a_label_added_within_a_replay_is_recognised_in_later_windows(
    services: Services, tmp_path: Path
) -> None:
    settings = settings_for(
        services,
        tmp_path / "run",
        unique_name("labels"),
        # Every activity goes by its description: what is tried here is the way of a label.
        activity_unsure_below=1.0,
        # The motion that was ranked is published for whoever debugs alone.
        debug_topics=True,
        # Longer than a command may take on a busy machine.
        idle_timeout_s=300.0,
    )
    [recording] = open_recordings(f"simulated:14:{MINUTES}")
    await topic_creation.create(settings)
    with Worker(settings) as worker:
        await Replay(settings, ReplayOptions(speed=None)).run([Begin(recording, BEGIN_S)])
        await asyncio.to_thread(worker.wait_until, lambda: activities(worker) >= 6)
        seen = await read_all(settings, "activity", Activity)
        [(known, _)] = Counter(next(iter(a.open_vocabulary)) for a in seen).most_common(1)
        # The label that fits best goes, and comes back under another name: whoever recognises the
        # motion by its description alone must call it by the new one.
        lanhar = require_lanhar(Registry())
        editor = LabelEditor(settings, label_set(lanhar), lanhar.embed, Describer().describe)
        await (await editor.open()).remove(known)
        texts = "\n".join(packaged_texts(known))
        output = await command(worker, "labels", "add", NEW, "--describe", texts)
        assert output.startswith(f"added {NEW!r}")
        await Replay(settings, ReplayOptions(speed=None, resume=True)).run([recording])
        listed = await command(worker, "labels", "list")
        await asyncio.to_thread(wait_until_settled, worker)
        assert worker.metric("egolog_rankings_total") == MINUTES * 12
        assert not await read_letters(settings)

    *rows, others = listed.splitlines()
    states = {name: state for name, state, *_ in map(columns, rows)}
    assert (states[NEW], states[known]) == ("added", "removed")
    assert "ironing" in others

    by_start = sorted(await read_all(settings, "activity", Activity), key=lambda a: a.start_ns)
    # No window falls back to labels of before: all known, then without one, then with the new one.
    runs = [(key, list(run)) for key, run in groupby(by_start, key=lambda a: a.revision)]
    assert len({key for key, _ in runs}) == len(runs)
    assert 2 <= len(runs) <= 3
    before, after = runs[0][1], runs[-1][1]
    assert all(NEW not in a.open_vocabulary for a in before)
    assert all(known not in a.open_vocabulary for a in after)
    assert NEW in {next(iter(a.open_vocabulary)) for a in after}
    # To the last bit what anybody gets who ranks the same motion by the same labels.
    labels = (await editor.open()).labels.vocabulary()
    assert runs[-1][0].endswith(f"+{lanhar.record_revision}.{labels.revision}")
    windows = [w for w in await read_all(settings, "windows", Window) if w.kind == "har"]
    windows.sort(key=lambda window: window.start_ns)
    postures, positions = posture_by_window(windows), position_by_window(windows)
    rankings, memory = {}, RankedLabels({}).memory
    for window in windows:
        motion, posture = window.features["imu"].array(), postures[window.window_id]
        place = positions[window.window_id]
        item = RankInput(motion, labels, posture, memory, window.start_ns / NS, place)
        [ranked] = Rankings(lanhar).predict([item])
        rankings[window.window_id], memory = ranked.labels, ranked.memory
    assert [rankings[a.window_id] for a in after] == [a.open_vocabulary for a in after]

    # The join takes over what the activities say.
    *_, record = sorted(
        await read_all(settings, "scenario", Scenario), key=lambda record: record.start_ns
    )
    tops = {a.start_ns: list(a.open_vocabulary.items())[:3] for a in after}
    assert [list(span.open_vocabulary.items()) for span in record.activities] == [
        tops[span.start_ns] for span in record.activities
    ]


class Begin:
    """The first seconds of a recording."""

    def __init__(self, recording: Recording, seconds: float) -> None:
        self._recording = recording
        self._end_ns = recording.start_ns + round(seconds * NS)
        self.duration_s = seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recording, name)

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        chunks = self._recording.audio(chunk_s, start_s)
        return takewhile(lambda chunk: chunk.t_ns < self._end_ns, chunks)

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        chunks = self._recording.imu(chunk_s, start_s)
        return takewhile(lambda chunk: chunk.t_ns < self._end_ns, chunks)


def posture_by_window(windows: Sequence[Window]) -> dict[str, float | None]:
    """Return how the wearer was held in each window of a session, known from those up to it."""
    postures = {}
    upright: Sequence[float] = ()
    for window in windows:
        upright = upright_after(upright, window)
        postures[window.window_id] = Upright.of(upright).cosine(window.features["imu"].array())
    return postures


def position_by_window(windows: Sequence[Window]) -> dict[str, Place | None]:
    """Return where the device was worn in each window of a session, known from those up to it."""
    positions: dict[str, Place | None] = {}
    state: Sequence[float] = ()
    for window in windows:
        state = position_after(open_positions(Registry()), state, window)
        worn = worn_at(window, state)
        positions[window.window_id] = None if worn is None else worn.at
    return positions


def columns(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def activities(worker: Worker) -> int:
    return sum(count for _, count in worker.counts().values())


async def command(worker: Worker, *arguments: str) -> str:
    """Run a command of the app beside the replay."""
    return await asyncio.to_thread(worker.command, *arguments)
