"""Which session of a device a frame belongs to, and which sessions end with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operators.errors import SessionEndedError
from operators.windowed import Windowed
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
    imu,
    imu_frames,
    imu_signal,
    whole_session,
    windows_of,
)

if TYPE_CHECKING:
    from schemas import Window


def test_a_device_remembers_its_last_eight_sessions_beside_the_current() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    for number in range(10):
        windows = [w for f in whole_session(f"s{number}") for w in windower.push(f, 0).windows]
        assert [w.kind for w in windows].count("scenario") == 1

    def again(name: str) -> list[Window]:
        return [w for f in whole_session(name) for w in windower.push(f, 0).windows]

    # s1 to s8 are remembered beside s9: their frames are known, those of s0 start it anew.
    assert again("s1") == []
    assert again("s9") == []
    assert [w.kind for w in again("s0")].count("scenario") == 1


def test_a_session_that_waits_is_never_forgotten() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windower.push(audio(0, T0, audio_signal(RATE), session="waits"), 0)
    for number in range(12):
        for frame in whole_session(f"s{number}"):
            windower.push(frame, 1)
    assert [w.session for w in windower.waiting()] == ["waits"]


def test_a_new_session_ends_the_one_before() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windows = []
    old = alternating(audio_frames(T0, 3 * RATE), imu_frames(T0, 150))
    for token, frame in enumerate(old):
        windows += windower.push(frame.model_copy(update={"final": False}), token).windows
    assert not [w for w in windows if w.kind == "scenario"]
    for frame in (
        audio(0, T0 + 60 * NS, audio_signal(RATE), session="t"),
        imu(0, T0 + 60 * NS, imu_signal(50), session="t"),
    ):
        windows += windower.push(frame, 0).windows
    assert [w.session_id for w in windows if w.kind == "scenario"] == ["s"]


def test_a_sequence_that_starts_again_is_not_a_duplicate() -> None:
    signal = audio_signal(4 * RATE)
    frames: list[AnyFrame] = [
        audio(seq, T0 + s * NS, signal[s * RATE : (s + 1) * RATE], final=s == 3)
        for s, seq in enumerate([0, 1, 0, 1])
    ]
    windows = windows_of(alternating(frames, imu_frames(T0, 200)))  # type: ignore[arg-type]
    plain = windows_of(alternating(audio_frames(T0, 4 * RATE), imu_frames(T0, 200)))
    assert by_id(windows) == by_id(plain)


def test_a_clock_that_jumps_back_starts_another_session() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windows, resets = [], 0
    ahead = T0 + 3_600 * NS
    frames: list[AnyFrame] = [
        audio(0, ahead, audio_signal(RATE)),
        imu(0, ahead, imu_signal(50)),
        audio(1, T0, audio_signal(RATE), final=True),
        imu(1, T0, imu_signal(50), final=True),
    ]
    for token, frame in enumerate(frames):
        done = windower.push(frame, token)
        windows += done.windows
        resets += sum(n for (what, _), n in done.counts.items() if what == "resets")
    scenarios = {(w.session_id, w.start_ns) for w in windows if w.kind == "scenario"}
    assert scenarios == {("s", ahead), ("s.r1", T0)}
    assert resets == 2


def test_a_device_is_known_from_its_restoring_to_the_forgetting() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    assert not windower.knows("d")
    windower.restore("d", None)
    assert windower.knows("d")
    assert not windower.knows("e")
    windower.forget()
    assert not windower.knows("d")


def test_a_device_at_rest_is_one_that_holds_no_frame_and_may_be_forgotten() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    windower.forget_device("d")
    windower.restore("e", None)
    assert windower.sessions("d") == set()
    first, *rest = whole_session("s")
    windower.push(first, 0)
    assert list(windower.at_rest()) == ["e"]
    for frame in rest:
        windower.push(frame, 0)
    assert sorted(windower.at_rest()) == ["d", "e"]
    assert windower.sessions("d") == {"s"}
    windower.forget_device("d")
    assert not windower.knows("d")
    assert windower.knows("e")


def test_a_clock_that_jumps_back_ends_the_session_before_at_once() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    ahead, signal = T0 + 3_600 * NS, imu_signal(50)
    assert not windower.push(imu(0, ahead, signal, session="n" * 64, alone=True), 0).windows
    done = windower.push(imu(1, T0, signal, session="n" * 64, alone=True), 1)
    assert [(w.kind, w.session_id) for w in done.windows] == [
        ("har", "n" * 64),
        ("scenario", "n" * 64),
    ]
    assert done.released == [0]
    assert done.counts == {("resets", "imu"): 1}
    assert [(w.session, w.everything) for w in windower.waiting()] == [("n" * 58 + ".r1", ("imu",))]
    # What comes after the jump belongs to the new session; another jump starts a third.
    assert not windower.push(imu(2, T0 + NS, signal, session="n" * 64, alone=True), 2).counts
    third = windower.push(imu(3, T0 - 60 * NS, signal, session="n" * 64, alone=True), 3)
    assert {w.session_id for w in third.windows} == {"n" * 58 + ".r1"}
    assert third.released == [1, 2]


def test_a_session_is_known_by_the_name_that_its_frames_have() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    assert not windower.knows_session("d", "s")
    windower.push(imu(0, T0, imu_signal(50), alone=True), 0)
    windower.push(imu(1, T0 - 60 * NS, imu_signal(50), alone=True), 1)
    assert windower.knows_session("d", "s")
    assert not windower.knows_session("d", "s.r1")
    assert not windower.knows_session("e", "s")
    assert [(w.session, w.session_id) for w in windower.waiting()] == [("s.r1", "s")]


def beside(first: str, second: str, shift_s: float = 0.0) -> list[AnyFrame]:
    """Return two whole sessions of motion, frame by frame in turn."""
    pairs = zip(whole_session(first), whole_session(second), strict=True)
    shift_ns = round(shift_s * NS)
    moved = [(a, b.model_copy(update={"t_ns": b.t_ns + shift_ns})) for a, b in pairs]
    return [frame for pair in moved for frame in pair]


@pytest.mark.parametrize("shift_s", [0.0, 0.5, -1.0, 20.0])
def test_two_sessions_at_once_are_both_logged_whole(shift_s: float) -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    out = Windowed[int]()
    for token, frame in enumerate(beside("a", "b", shift_s)):
        out.add(windower.push(frame, token))
    assert not out.counts["late_samples", "imu"]
    for name, begin in (("a", T0), ("b", T0 + round(shift_s * NS))):
        alone: Windower[int] = Windower(CONFIG, Samples())
        frames = [f.model_copy(update={"t_ns": f.t_ns - T0 + begin}) for f in whole_session(name)]
        apart = [w for frame in frames for w in alone.push(frame, 0).windows]
        together = [w for w in out.windows if w.session_id == name]
        assert by_id(together) == by_id(apart)
    assert sorted(out.released) == list(range(8))


def test_a_session_that_another_ended_speaks_again_beside_it_and_loses_nothing_unsaid() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    signal = imu_signal(50)

    def push(session: str, seq: int, second: int, token: int) -> Windowed[int]:
        return windower.push(imu(seq, T0 + second * NS, signal, session=session, alone=True), token)

    push("a", 0, 0, 0)
    ended = push("b", 0, 600, 1)
    assert [w.session_id for w in ended.windows if w.kind == "scenario"] == ["a"]
    # The window that is out already begins at T0 and lasts 4 s.
    for second in (1, 3):
        with pytest.raises(SessionEndedError) as refused:
            push("a", 1, second, 2)
    assert str(refused.value) == (
        "imu frame ends before what session a has closed: another session of the device went on "
        "for 30 s meanwhile; expected one session of a device at a time"
    )
    again = push("a", 2, 5, 3)
    assert not again.counts
    # From now on neither ends the other.
    assert not push("b", 1, 601, 4).windows
    assert {w.session for w in windower.waiting()} == {"a", "b"}
    # Nor is a late frame of a session that goes on refused.
    push("a", 4, 7, 5)
    assert push("a", 3, 3, 6).counts == {("late_samples", "imu"): 50}


def test_what_is_read_again_after_a_restart_is_not_late() -> None:
    before: Windower[int] = Windower(CONFIG, Samples())
    seconds = [imu(n, T0 + n * NS, imu_signal(50), alone=True) for n in range(12)]
    for frame in seconds[:8]:
        before.push(frame, 0)
    [session] = before._devices["d"]
    after: Windower[int] = Windower(CONFIG, Samples())
    after.restore("d", before.snapshot("d"))
    floor_s = (session.floor_ns - T0) // NS
    assert 1 < floor_s < 8
    late = seconds.pop(floor_s + 1)
    out = Windowed[int]()
    for frame in [*seconds, late]:
        out.add(after.push(frame, 0))
    assert out.counts["reread_samples", "imu"] == 50 * floor_s
    assert out.counts["late_samples", "imu"] == 50


def test_of_an_ended_session_little_is_remembered() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    signal = imu_signal(1)
    for seq in range(300):
        windower.push(imu(seq, T0 + seq * NS // 50, signal, final=seq == 299, alone=True), 0)
    [session] = windower._devices["d"]
    assert not session.buffers
    assert not session.slices
    assert len(session.tracks["imu"].seen) <= 16


def test_a_session_that_one_stream_has_reached_waits_for_the_other_that_is_still_before_it() -> (
    None
):
    windower: Windower[int] = Windower(CONFIG, Samples())
    later = T0 + 20 * NS
    for token, frame in enumerate(audio(s, later + s * NS, audio_signal(RATE)) for s in range(3)):
        windower.push(frame, token)
    before = imu(0, T0, imu_signal(50), session="before", alone=True)
    assert windower.push(before, 3).windows == []


def test_a_stream_that_has_yet_to_speak_is_not_ended_by_a_session_beside_it() -> None:
    windower: Windower[int] = Windower(CONFIG, Samples())
    out = Windowed[int]()
    first: list[AnyFrame] = [*audio_frames(T0, 4 * RATE), *imu_frames(T0, 200)]
    other: list[AnyFrame] = [frame.model_copy(update={"session_id": "t"}) for frame in first]
    # Sound of the first, motion of the second, and only then the motion of the first.
    for token, frame in enumerate([first[0], *other, *first[1:]]):
        out.add(windower.push(frame, token))
    alone = by_id(windows_of(first))
    assert by_id([w for w in out.windows if w.session_id == "s"]) == alone
