from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile as sf

from models.recordings.formats.arrays import ImuArray
from schemas.frames import NS
from streams.producers.recordings import open_recordings
from tests.cases.worker import LocalWorker

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def worker() -> LocalWorker:
    return LocalWorker()


T0 = 1_700_000_010 * NS


def recording(seconds: float, rate: float) -> ImuArray:
    rows = np.random.default_rng(0).normal(0, 1, (round(seconds * rate), 6)).astype(np.float32)
    return ImuArray("r", "d", "s", T0, rate, rows, np.ones(6, np.float32))


async def test_a_recording_becomes_a_log(worker: LocalWorker) -> None:
    log = await worker.log(recording(40, 33.333))
    assert [(s.start_ns - T0) // NS for s in log.scenarios] == [0, 30]
    assert [(a.start_ns - T0) // NS for a in log.activities] == list(range(0, 40, 5))
    assert not log.dead_letters
    assert [len(s.activities) for s in log.scenarios] == [6, 2]
    assert all(s.missing == ["audio"] for s in log.scenarios)
    # Activities are told the scenario before them, and ranked by description.
    assert log.activities[0].open_vocabulary
    assert log.activities[-1].revision.count("+") == 2


async def test_sound_events_have_places_that_depend_on_the_data_alone(tmp_path: Path) -> None:
    # Far sources are looked for everywhere, so that there is something to hear apart.
    worker = LocalWorker(interference="near", near_field_from=0.0, sound_event_above=0.05)
    noise = 0.1 * np.random.default_rng(0).standard_normal((30 * 16_000, 2))
    sf.write(tmp_path / "2026-03-02T08-00-00Z.wav", noise, 16_000)
    [recording] = open_recordings(f"folder:{tmp_path}")
    first, again = [await worker.log(recording, frame_s) for frame_s in (1.0, 0.3)]
    assert not first.dead_letters
    assert first.scenarios == again.scenarios
    [record] = first.scenarios
    assert set(record.sound_places) == set(record.sound_events) != set()
    assert any(place.apart for place in record.sound_places.values())
    assert all(place.near is not None for place in record.sound_places.values())


async def test_what_an_agent_cannot_process_is_a_dead_letter_and_said_to_be_missing(
    worker: LocalWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        async def submit(self, item: Any) -> Any:
            raise ValueError(f"imu has shape {item.imu.shape}")

    monkeypatch.setattr(worker._runtime, "activity_recognizer", Refusing())
    log = await worker.log(recording(10, 50.0))
    assert [(d.stage, d.error) for d in log.dead_letters] == [("har", "imu has shape (250, 6)")] * 2
    assert not log.activities
    assert [s.missing for s in log.scenarios] == [["audio", "activity 0/2"]]
