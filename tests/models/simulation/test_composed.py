import numpy as np
import pytest

from models.recordings.formats.arrays import ImuArray
from models.simulation.acoustics.ears import SphericalEars
from models.simulation.acoustics.sounds import synthesise
from models.simulation.composed import ComposedRecording, head_yaw, open_user
from schemas.evidence import REGIONS
from schemas.frames import NS
from tests.shared_data import shared_data

RATE = 50


def turning(seconds: int, degrees: float) -> np.ndarray:
    """A head that waits, turns about gravity (here along -y) within a second, and waits."""
    imu = np.zeros((seconds * RATE, 6), np.float32)
    imu[:, 1] = -9.81
    middle = seconds * RATE // 2
    imu[middle : middle + RATE, 4] = -np.deg2rad(degrees)
    return imu


def compose(seed: int = 1) -> ComposedRecording:
    values = np.concatenate([turning(10, 70.0), np.zeros((7, 6), np.float32)])
    motion = ImuArray(
        "classyglass-u-1", "classyglass-u", "s", 5 * NS, 50.0, values, np.ones(6, np.float32)
    )
    return ComposedRecording(
        motion, SphericalEars.draw(np.random.default_rng(1)), synthesise, seed, 1
    )


def test_the_head_turns_as_the_gyroscope_says_however_the_sensor_is_mounted() -> None:
    yaw = head_yaw(turning(10, 70.0))
    assert np.rad2deg(yaw[-1] - yaw[0]) == pytest.approx(70, abs=1)
    upside_down = turning(10, 70.0)
    upside_down[:, 1] *= -1
    assert np.rad2deg(head_yaw(upside_down)[-1]) == pytest.approx(-70, abs=1)


def test_a_composed_recording_is_whole_seconds_of_both_streams() -> None:
    recording = compose()
    audio = np.concatenate([c.samples for c in recording.audio()])
    assert audio.shape == (160_000, 2)
    assert sum(len(c.acc) for c in recording.imu(0.3)) == 500
    assert recording.duration_s == 10.0
    assert recording.name == "composed-u-1-1"


def test_chunks_of_any_size_are_the_same_stream_and_the_seed_decides_it() -> None:
    first = np.concatenate([c.samples for c in compose().audio(0.33)])
    np.testing.assert_array_equal(first, np.concatenate([c.samples for c in compose().audio(4)]))
    tail = np.concatenate([c.samples for c in compose().audio(1.0, 6.0)])
    np.testing.assert_array_equal(first[6 * 16_000 :], tail)
    assert not np.array_equal(first, np.concatenate([c.samples for c in compose(2).audio()]))


def test_truth_names_sounds_and_their_regions_inside_the_recording() -> None:
    sounds = [s for seed in range(5) for s in compose(seed).truth() if s.kind == "sound"]
    assert sounds
    assert all(s.region in REGIONS for s in sounds)
    assert all(5 * NS <= s.start_ns < s.end_ns <= 15 * NS for s in sounds)


def test_a_real_wearer_hears_real_clips_through_measured_ears() -> None:
    recordings = open_user(shared_data(), "D1_u01", seed=3)
    assert len({r.device_id for r in recordings}) == 1
    assert len({r.session_id for r in recordings}) == len(recordings) > 5
    chunk = next(recordings[0].audio(5.0))
    assert chunk.samples.shape == (80_000, 2)
    assert np.abs(chunk.samples).max() > 300
