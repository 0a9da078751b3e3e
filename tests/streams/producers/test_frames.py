from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recordings.protocol import RecordingError
from models.simulation.simulated_day import SimulatedDay
from schemas import AudioFrame, ImuFrame
from streams.producers.frames import Identity, frames

WHO = Identity("wearer", "s")
DAY = SimulatedDay(3, 0.5)


def test_both_streams_come_in_the_order_in_which_they_are_due() -> None:
    timed = list(frames(DAY, WHO))
    dues = [frame.due_ns for frame in timed]
    assert dues == sorted(dues)
    assert sum(isinstance(t.frame, AudioFrame) for t in timed) == 30
    assert sum(isinstance(t.frame, ImuFrame) for t in timed) == 30


def test_the_last_frame_of_each_stream_is_final() -> None:
    for kind in (AudioFrame, ImuFrame):
        own = [t.frame for t in frames(DAY, WHO) if isinstance(t.frame, kind)]
        assert [frame.final for frame in own] == [False] * 29 + [True]
        assert [frame.seq for frame in own] == list(range(30))


@cache
def sound(frame_s: float) -> bytes:
    return b"".join(
        t.frame.samples
        for t in frames(DAY, WHO, frame_s=frame_s)
        if isinstance(t.frame, AudioFrame)
    )


@settings(max_examples=3)
@given(st.floats(0.1, 1.0))
def test_the_samples_do_not_depend_on_the_frame_size(frame_s: float) -> None:
    assert sound(frame_s) == sound(1.0)


def test_a_resumed_replay_goes_on_with_the_same_frames() -> None:
    whole = {(t.topic, t.frame.seq): t.frame for t in frames(DAY, WHO)}
    rest = {(t.topic, t.frame.seq): t.frame for t in frames(DAY, WHO, start_s=20.0)}
    assert len(rest) == 20
    assert all(whole[key] == frame for key, frame in rest.items())


def test_an_identity_shifts_the_event_time() -> None:
    shifted = next(frames(DAY, Identity("other", "t", shift_ns=7_000_000_000)))
    assert shifted.frame.t_ns == DAY.start_ns + 7_000_000_000
    assert (shifted.frame.device_id, shifted.frame.session_id) == ("other", "t")


def test_frames_say_where_a_recording_was_worn_or_what_its_replay_says() -> None:
    class Worn(SimulatedDay):
        position = "ear"

    own = frames(Worn(3, 0.5), WHO)
    other = frames(Worn(3, 0.5), Identity("wearer", "s", position="waist"))
    assert {timed.frame.position for timed in own} == {"ear"}
    assert {timed.frame.position for timed in other} == {"waist"}
    assert {timed.frame.position for timed in frames(DAY, WHO)} == {None}


def test_three_microphones_are_refused() -> None:
    class Odd(SimulatedDay):
        def __init__(self) -> None:
            super().__init__(3, 0.5)
            self.channels = 3

    with pytest.raises(RecordingError, match="3 channels; expected 1, 2 or 4"):
        list(frames(Odd(), WHO))


def test_motion_keeps_its_units() -> None:
    frame = next(t.frame for t in frames(DAY, WHO) if isinstance(t.frame, ImuFrame))
    assert 8.0 < np.linalg.norm(frame.acc.array().mean(axis=0)) < 11.5
