from __future__ import annotations

import pytest

from bench.load.closing import closing_frames
from bench.load.recording import Rates, simulate_recording
from bench.subjects.latency import Latency, latency
from infra import topics
from infra.settings import load
from schemas.frames import NS

START = simulate_recording(1, Rates()).start_ns


def test_a_window_is_closed_by_the_frame_that_begins_at_its_end() -> None:
    closed = closing_frames(load(None), simulate_recording(34, Rates()))
    seconds = {start: seq for (kind, start), seq in closed.items() if kind == "spatial"}
    assert seconds[START + 10 * NS] == 11
    assert closed["har", START + 5 * NS] == 10
    assert closed["scenario", START] == 30


def test_what_the_end_of_the_session_closes_is_left_out() -> None:
    closed = closing_frames(load(None), simulate_recording(34, Rates()))
    assert ("spatial", START + 33 * NS) not in closed
    assert ("scenario", START + 30 * NS) not in closed


def test_a_delay_counts_from_the_later_of_the_two_streams() -> None:
    records = {f"f-0/f/har/{START}": 101.5, f"f-0/f/spatial/{START}": 7.0}
    arrived = {
        ("f-0", topics.AUDIO_FRAMES, 5): 101.0,
        ("f-0", topics.IMU_FRAMES, 5): 101.25,
    }
    delays = latency(topics.ACTIVITY, records, {("har", START): 5}, arrived)
    assert delays == Latency(1, 250.0, 250.0, 250.0)


def test_records_whose_closing_frame_is_unknown_are_no_delays() -> None:
    records = {f"f-0/f/har/{START}": 101.5}
    assert latency(topics.ACTIVITY, records, {("har", START): 5}, {}) is None
    assert latency(topics.ACTIVITY, records, {}, {}) is None


def test_percentiles_are_of_all_delays() -> None:
    delays = Latency.of([each / 1e3 for each in range(101)])
    assert (delays.count, delays.p50, delays.p95) == (101, 50.0, 95.0)
    assert delays.p99 == pytest.approx(99.0)
