from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models.recordings.protocol import RecordingError
from models.simulation.composed_day import ComposedDay, Device
from models.simulation.sources.material import Material
from schemas.evidence import REGIONS
from schemas.frames import NS
from streams.producers.recordings import open_recordings
from tests.models import small_data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_data.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def material(data: Path) -> Material:
    return Material.read(data, "test", elsewhere=False)


def audio(day: ComposedDay, chunk_s: float = 1.0, start_s: float = 0.0) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in day.audio(chunk_s, start_s)])


def motion(day: ComposedDay, chunk_s: float = 1.0, start_s: float = 0.0) -> np.ndarray:
    parts = [np.concatenate([c.acc, c.gyro], axis=1) for c in day.imu(chunk_s, start_s)]
    return np.concatenate(parts)


def test_chunks_of_any_size_from_any_second_are_the_same_stream(material: Material) -> None:
    day = ComposedDay(4, 0.5, material)
    sound, motion_rows = audio(day), motion(day)
    assert sound.shape == (30 * 16_000, 2)
    assert motion_rows.shape == (30 * 50, 6)
    assert np.array_equal(audio(day, 7.3, 11.0), sound[11 * 16_000 :])
    assert np.array_equal(motion(day, 7.3, 11.0), motion_rows[11 * 50 :])


def test_the_seed_decides_the_day(material: Material) -> None:
    one, same, other = (audio(ComposedDay(seed, 0.5, material), 30.0) for seed in (4, 4, 5))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_wearer_moves_as_a_recorded_one_of_the_split_did(material: Material) -> None:
    # Gravity lies on the second axis of the test user's glasses.
    motion_rows = motion(ComposedDay(4, 0.5, material))
    assert np.abs(motion_rows[:, :3].mean(axis=0)).argmax() == 1
    assert motion_rows[:, 1].mean() == pytest.approx(9.81, abs=0.1)


@pytest.mark.parametrize(("device", "channels"), [("earphones", 2), ("glasses", 4)])
def test_a_device_has_its_own_microphones(
    device: Device, channels: int, material: Material
) -> None:
    day = ComposedDay(4, 0.5, material, device)
    assert day.channels == channels
    assert day.name == f"composed-{device}-4"
    chunk = next(day.audio(2.0))
    assert chunk.samples.shape == (32_000, channels)
    assert len({column.tobytes() for column in chunk.samples.T}) == channels


def test_truth_is_of_scenarios_activities_motion_and_sounds(material: Material) -> None:
    day = ComposedDay(4, 0.5, material)
    truth = day.truth()
    assert {span.kind for span in truth} >= {"scenario", "activity", "sound"}
    for span in truth:
        assert day.start_ns <= span.start_ns < span.end_ns <= day.start_ns + 30 * NS
        assert (span.region in REGIONS) == (span.kind == "sound")
    assert all(a.start_ns <= b.start_ns for a, b in pairwise(truth))


def test_a_composed_day_is_opened_by_its_seed(data: Path) -> None:
    (day,) = open_recordings("composed-day:4:0.5", data)
    assert (day.name, day.duration_s, day.channels) == ("composed-earphones-4", 30.0, 2)
    assert open_recordings("composed-day:4", data)[0].duration_s == 24 * 60


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("composed-day:x", "seed is 'x'; expected a number"),
        ("composed-day:1:long", "minutes is 'long'; expected a number"),
        ("composed-day:1:0", "minutes is 0.0; expected 0.5 to 1440"),
        ("composed-day:-1", "seed is -1"),
    ],
)
def test_a_bad_value_is_named(spec: str, message: str, data: Path) -> None:
    with pytest.raises(RecordingError, match=message):
        open_recordings(spec, data)


def test_without_recordings_there_is_no_composed_day(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no data folder is set"):
        open_recordings("composed-day:1")
    small_data.sounds(tmp_path / "audio" / "esc50_16k")
    with pytest.raises(RecordingError, match=r"lacks hrtf/cipic_16khz\.npz, imu/classyglass_50hz"):
        open_recordings("composed-day:1", tmp_path)
