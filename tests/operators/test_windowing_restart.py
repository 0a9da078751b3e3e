"""What a windower takes up from a checkpoint after a crash."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.windowed import Windowed
from operators.windowing import Windower
from schemas import AudioFrame, ImuFrame
from schemas.frames import NS
from tests.operators.frames import (
    CONFIG,
    RATE,
    T0,
    AnyFrame,
    Samples,
    alternating,
    audio_frames,
    by_id,
    imu,
    imu_frames,
    imu_signal,
    recordings,
    whole_session,
    windows_of,
    with_positions,
)


@settings(max_examples=20)
@given(recordings(), st.data())
def test_a_crash_at_any_frame_gives_the_same_windows_after_collapsing_by_id(
    recording: tuple[list[AudioFrame], list[ImuFrame], list[AnyFrame]], data: st.DataObject
) -> None:
    frames = with_positions(recording[2], data)
    whole = by_id(windows_of(frames))
    crash_at = data.draw(st.integers(0, len(frames)))
    windower: Windower[int] = Windower(CONFIG, Samples())
    published = []
    released: set[int] = set()
    checkpoint = None
    for token, frame in enumerate(frames[:crash_at]):
        done = windower.push(frame, token)
        published += done.windows
        checkpoint = done.checkpoints.get("d", checkpoint)
        released |= set(done.released)

    # Each stream is its own partition: it is read again from its first frame that was not released.
    again = Windower[int](CONFIG, Samples())
    again.restore("d", checkpoint)
    for kind in (AudioFrame, ImuFrame):
        own = [i for i, frame in enumerate(frames) if isinstance(frame, kind)]
        kept = [i for i in own if i in released]
        assert own[: len(kept)] == kept
    for token, frame in enumerate(frames):
        if token not in released:
            done = again.push(frame, token)
            published += done.windows
            released |= set(done.released)

    collapsed = {w.window_id: w for w in published}
    assert collapsed == whole
    assert all(collapsed[w.window_id] == w for w in published), "a window came out in two versions"
    assert released == set(range(len(frames)))


def test_a_checkpoint_holds_the_last_eight_sessions() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for number in range(10):
        for frame in whole_session(f"s{number}"):
            windower.push(frame, 0)
    again: Windower[int] = Windower(CONFIG, Samples())
    again.restore("d", windower.snapshot("d"))
    remembered = [
        name
        for name in [f"s{number}" for number in range(9, 0, -1)]
        if not [w for f in whole_session(name) for w in again.push(f, 0).windows]
    ]
    assert remembered == [f"s{number}" for number in range(9, 1, -1)]


def test_a_checkpoint_says_which_scenario_window_came_before() -> None:
    frames = alternating(audio_frames(T0, 12 * RATE), imu_frames(T0, 600))
    windower: Windower[int] = Windower(CONFIG, Samples())
    checkpoints = [
        done.checkpoints["d"]
        for token, frame in enumerate(frames)
        if (done := windower.push(frame, token)).checkpoints
    ]
    again: Windower[int] = Windower(CONFIG, Samples())
    again.restore("d", checkpoints[0])
    windows = [w for token, frame in enumerate(frames) for w in again.push(frame, token).windows]
    assert min(w.start_ns for w in windows) == T0 + 4 * NS
    assert {w.after for w in windows if w.start_ns < T0 + 8 * NS} == {T0}


def test_a_checkpoint_keeps_the_session_that_a_clock_reset_began() -> None:
    frames = [
        imu(0, T0 + 60 * NS, imu_signal(50), alone=True),
        *(imu(1 + s, T0 + s * NS, imu_signal(50), alone=True) for s in range(9)),
    ]
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(frames[:8]):
        windower.push(frame, token)
    again: Windower[int] = Windower(CONFIG, Samples())
    again.restore("d", windower.snapshot("d"))
    windows = [w for frame in frames[5:9] for w in again.push(frame, 0).windows]
    assert [(w.session_id, w.kind, w.start_ns - T0) for w in windows] == [
        ("s.r1", "har", 4 * NS),
    ]
    assert [w.session for w in again.waiting()] == ["s.r1"]


@pytest.mark.parametrize("crash_at", range(1, 10))
def test_a_crash_after_a_clock_reset_gives_the_same_windows(crash_at: int) -> None:
    frames = [
        imu(0, T0 + 60 * NS, imu_signal(50), alone=True),
        *(imu(1 + s, T0 + s * NS, imu_signal(50), alone=True) for s in range(9)),
    ]
    windower: Windower[int] = Windower(CONFIG, Samples())
    done: Windowed[int] = Windowed()
    for token, frame in enumerate(frames[:crash_at]):
        done.add(windower.push(frame, token))
    again: Windower[int] = Windower(CONFIG, Samples())
    again.restore("d", done.checkpoints.get("d"))
    for token, frame in enumerate(frames):
        if token not in done.released:
            done.add(again.push(frame, token))
    assert {w.window_id: w for w in done.windows} == by_id(windows_of(frames))


def test_sound_that_is_read_again_after_a_crash_is_not_of_a_session_that_motion_left() -> None:
    before: Windower[int] = Windower(CONFIG, Samples())
    frames = alternating(audio_frames(T0, 8 * RATE), imu_frames(T0, 400))
    for token, frame in enumerate(frames):
        before.push(frame.model_copy(update={"final": False}), token)
    after: Windower[int] = Windower(CONFIG, Samples())
    after.restore("d", before.snapshot("d"))
    motion, sound = frames[1], frames[0].model_copy(update={"final": False})
    assert isinstance(motion, ImuFrame)
    # Motion is read faster: it is in the next session while sound comes again from the first.
    assert after.push(motion, 0).released == [0]
    after.push(imu(0, T0 + 600 * NS, imu_signal(50), session="t"), 1)
    assert after.push(sound, 2).released == [2]
