from __future__ import annotations

import numpy as np

from bench.load.recording import Rates, simulate_recording


def test_it_is_the_simulated_wearer_at_the_rates_asked_for() -> None:
    recording = simulate_recording(2, Rates(48_000, 200))
    assert recording.samples.shape == (96_000, 2)
    assert recording.motion.shape == (400, 6)
    assert recording.duration_s == 2.0
    own = simulate_recording(2, Rates())
    # Every third sample of the finer one is near the coarser one's: the same sound.
    assert np.corrcoef(recording.samples[::3, 0], own.samples[:, 0])[0, 1] > 0.99


def test_its_chunks_follow_one_another() -> None:
    recording = simulate_recording(2, Rates())
    chunks = list(recording.audio(0.5))
    assert [chunk.t_ns - recording.start_ns for chunk in chunks] == [
        0,
        500_000_000,
        1_000_000_000,
        1_500_000_000,
    ]
    assert np.array_equal(np.concatenate([chunk.samples for chunk in chunks]), recording.samples)
    motion = list(recording.imu())
    assert [len(chunk.acc) for chunk in motion] == [50, 50]
