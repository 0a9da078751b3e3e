"""How long the streams of a session are waited for."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from operators.windowed import Waiting, Windowed
from operators.windowing import Windower
from schemas.frames import NS
from tests.operators.frames import (
    CONFIG,
    RATE,
    T0,
    AnyFrame,
    Samples,
    alternating,
    audio,
    audio_frames,
    audio_signal,
    by_id,
    four_seconds,
    imu,
    imu_frames,
    imu_signal,
    windows_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def test_a_frame_is_released_only_when_its_scenario_window_is_out() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    frames = alternating(audio_frames(T0, 12 * RATE), imu_frames(T0, 12 * 50))
    for token, frame in enumerate(frames):
        done = windower.push(frame, token)
        out = {w.start_ns for w in done.windows if w.kind == "scenario"}
        assert not done.released or out, "released without a scenario window"


def spatial_after(*seconds: int) -> list[int]:
    """Return the starts in s of the windows that frames of sound, numbered as they are, bring."""
    frames = [audio(second, T0 + second * NS, audio_signal(RATE)) for second in seconds]
    alone = [frame.model_copy(update={"streams": ("audio",)}) for frame in frames]
    return [(w.start_ns - T0) // NS for w in windows_of(alone) if w.kind == "spatial"]


def test_a_window_closes_with_the_frame_that_starts_at_its_end_where_no_number_is_missing() -> None:
    assert spatial_after(0, 1, 2) == [0, 1]
    assert spatial_after(0, 1, 2, 3) == [0, 1, 2]


def test_a_missing_number_is_waited_for_and_no_longer_than_the_lateness() -> None:
    assert spatial_after(0, 1, 2, 4) == [0, 1, 2]
    assert spatial_after(0, 1, 2, 4, 3, 5) == [0, 1, 2, 3, 4]
    assert spatial_after(0, 1, 2, 4, 5, 3) == [0, 1, 2, 4]
    assert spatial_after(0, 1, 2, 4, 5, 6) == [0, 1, 2, 4, 5]


def test_what_may_have_been_sent_before_the_first_frame_is_waited_for() -> None:
    assert spatial_after(5) == spatial_after(5, 4) == []
    assert spatial_after(5, 4, 6) == [4, 5]


def test_a_frame_out_of_order_within_the_lateness_is_not_late() -> None:
    signal = audio_signal(6 * RATE)
    order = [0, 2, 1, 3, 5, 4]
    frames: list[AnyFrame] = [
        audio(s, T0 + s * NS, signal[s * RATE : (s + 1) * RATE], final=s == 4) for s in order
    ]
    frames += imu_frames(T0, 300)
    plain = alternating(audio_frames(T0, 6 * RATE), imu_frames(T0, 300))
    assert by_id(windows_of(frames)) == by_id(windows_of(plain))


def test_a_device_with_motion_only_waits_for_no_sound() -> None:
    signal = imu_signal(400)
    windower: Windower[int] = Windower(CONFIG, Samples())
    windows = []
    for second in range(8):
        frame = imu(second, T0 + second * NS, signal[second * 50 : (second + 1) * 50], alone=True)
        windows += windower.push(frame, second).windows
    assert {w.kind for w in windows} == {"har", "scenario"}
    assert all(w.coverage == {"imu": 1.0} for w in windows)


def test_a_silent_stream_is_waited_for_until_given_up() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    sound = audio_frames(T0, 8 * RATE)[:-1]
    assert not [w for t, f in enumerate(sound) for w in windower.push(f, t).windows]
    [waiting] = windower.waiting()
    assert waiting.silent == ("imu",)
    done = windower.give_up("d", "s", ("imu",))
    assert [w.kind for w in done.windows].count("scenario") == 1
    assert all(set(w.coverage) == {"audio"} for w in done.windows)
    assert done.released == [0, 1, 2, 3]


def test_a_stream_that_speaks_again_is_waited_for_again() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    sound = audio_frames(T0, 10 * RATE)
    for token, frame in enumerate(sound[:5]):
        windower.push(frame, token)
    windower.give_up("d", "s", ("imu",))
    assert not windower.push(imu(0, T0 + 4 * NS, imu_signal(50)), 100).windows
    # Sound alone would let the windows up to T0 + 5 s go.
    assert not [w for t, f in enumerate(sound[5:7], 5) for w in windower.push(f, t).windows]
    assert list(windower.waiting()) == [Waiting("d", "s", "s", ("imu",), ("audio", "imu"))]


def test_a_stream_that_goes_on_after_its_last_frame_is_waited_for_again() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 250)[:4])):
        windower.push(frame, token)
    windower.push(audio(4, T0 + 4 * NS, audio_signal(RATE)), 10)
    starts = [
        w.start_ns
        for second in range(4, 9)
        for w in windower.push(imu(second, T0 + second * NS, imu_signal(50)), second).windows
        if w.kind == "spatial"
    ]
    # Every frame of sound has come up to the one that starts at T0 + 4 s.
    assert starts == [T0 + 3 * NS]
    assert list(windower.waiting()) == [Waiting("d", "s", "s", ("audio",), ("audio", "imu"))]


@given(st.permutations([True, False] * 8))
def test_a_session_that_goes_on_after_its_end_has_both_streams(turns: list[bool]) -> None:
    """Two halves, each with a last frame, as a replay sends them that goes on."""

    def halves(frames: Sequence[AnyFrame]) -> Iterator[AnyFrame]:
        return iter([f.model_copy(update={"final": f.seq in (3, 7)}) for f in frames])

    sound, motion = halves(audio_frames(T0, 8 * RATE)), halves(imu_frames(T0, 400))
    windows = windows_of([next(sound if turn else motion) for turn in turns])
    plain = alternating(audio_frames(T0, 8 * RATE), imu_frames(T0, 400))
    assert by_id(windows) == by_id(windows_of(plain))


def test_a_second_last_frame_without_samples_goes_on_with_nothing() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(four_seconds()):
        windower.push(frame, token)
    again = audio(4, T0 + 4 * NS, np.zeros((0, 1), np.int16), final=True)
    assert windower.push(again, 9).released == [9]
    assert list(windower.waiting()) == []


def test_an_empty_last_frame_after_the_last_window_is_released() -> None:
    sound = audio_frames(T0, 4 * RATE)
    # Where no frame is the last one, the stream is waited for.
    said = [frame.model_copy(update={"streams": ["audio"], "final": False}) for frame in sound]
    last = audio(len(said), T0 + 7 * NS, np.zeros((0, 1), np.int16), final=True)
    windower: Windower[int] = Windower(CONFIG, Samples())
    released = [token for n, frame in enumerate(said) for token in windower.push(frame, n).released]
    last = last.model_copy(update={"streams": ["audio"]})
    released += windower.push(last, len(said)).released
    assert sorted(released) == list(range(len(said) + 1))


def test_a_repeat_of_the_last_frame_does_not_open_its_stream_again() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(four_seconds()):
        windower.push(frame, token)
    assert windower.push(audio_frames(T0, 4 * RATE)[-1], 9).released == [9]
    assert list(windower.waiting()) == []


def test_giving_up_concerns_one_session_of_one_device() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(audio_frames(T0, 8 * RATE)[:-1]):
        windower.push(frame, token)
    for device_id, session in (("e", "s"), ("d", "t")):
        assert windower.give_up(device_id, session, ("imu",)) == Windowed()
    assert [w.silent for w in windower.waiting()] == [("imu",)]


def test_a_session_given_up_altogether_hands_out_everything_and_holds_nothing() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for token, frame in enumerate(alternating(audio_frames(T0, 3 * RATE)[:2], imu_frames(T0, 99))):
        windower.push(frame.model_copy(update={"final": False}), token)
    done = windower.give_up("d", "s", ("audio", "imu"))
    assert [w.kind for w in done.windows] == ["spatial", "spatial", "har", "scenario"]
    assert sorted(done.released) == [0, 1, 2, 3]
    assert list(windower.waiting()) == []


def test_an_earlier_frame_after_the_last_does_not_open_its_stream_again() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    sound = audio_frames(T0, 4 * RATE)
    frames: list[AnyFrame] = [sound[0], sound[1], sound[3], *imu_frames(T0, 250)[:4]]
    for token, frame in enumerate(frames):
        windower.push(frame, token)
    windower.push(sound[2], 9)
    assert [w.everything for w in windower.waiting()] == [("imu",)]


def test_a_frame_costs_the_same_however_many_are_held() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    signal = imu_signal(1)
    # Sound is announced and never comes, so nothing is let go.
    frames = [imu(seq, T0 + seq * NS // 50, signal) for seq in range(8_000)]
    costs = []
    for begin in range(0, len(frames), 1_000):
        before = process_time()
        for frame in frames[begin : begin + 1_000]:
            assert not windower.push(frame, 0).released
        costs.append(process_time() - before)
    # The minimum, because other work of this process may fall into any of them.
    assert min(costs[4:]) < 4 * min(costs[:4])


def test_a_session_that_holds_too_much_waits_no_longer_for_what_is_behind() -> None:
    seconds = 40
    config = replace(CONFIG, held_bytes_max=10 * (2 * RATE + 2_048))
    windower: Windower[int] = Windower(config, Samples())
    out = Windowed[int]()
    signal = audio_signal(RATE)
    for second in range(seconds):
        out.add(windower.push(audio(second, T0 + second * NS, signal), second))
    assert out.counts["given_up", "imu"] == 1
    assert out.counts["given_up", "audio"] == 0
    assert len([w for w in out.windows if w.kind == "scenario"]) >= seconds // 4 - 2
    # Motion that comes after all is waited for again.
    late = windower.push(imu(0, T0 + seconds * NS, imu_signal(50)), 99)
    assert not late.counts
    [waits] = windower.waiting()
    assert waits.everything == ("audio", "imu")


def test_streams_that_are_as_far_as_each_other_are_waited_for_however_much_is_held() -> None:
    windower: Windower[int] = Windower(replace(CONFIG, held_bytes_max=1), Samples())
    out = Windowed[int]()
    for second in range(3):
        t_ns = T0 + second * NS
        out.add(windower.push(audio(second, t_ns, audio_signal(RATE)), 0))
        out.add(windower.push(imu(second, t_ns, imu_signal(50)), 1))
    # Motion is behind whenever sound has come, sound never.
    assert out.counts == {("given_up", "imu"): 3}


def test_what_waits_says_how_far_a_silent_stream_is_behind() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for second in range(20):
        windower.push(audio(second, T0 + second * NS, audio_signal(RATE)), second)
    [waits] = windower.waiting()
    assert (waits.silent, waits.behind_s) == (("imu",), {"imu": 20.0})
    windower.push(imu(0, T0, imu_signal(50)), 0)
    [waits] = windower.waiting()
    assert waits.behind_s == {"imu": 19.0}
