from __future__ import annotations

from typing import TYPE_CHECKING

from streams.engine.silence import AwaitedSession, LastArrivals, StreamSilence

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION = AwaitedSession("d", "s", "s", ("imu",), ("audio", "imu"))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_stream_is_silent_since_its_last_frame() -> None:
    clock = Clock()
    arrivals = LastArrivals(clock)
    arrivals.record("d", "s", "imu")
    clock.now += 3
    assert arrivals.silent_s("d", "s", "imu") == 3


def test_a_stream_without_a_frame_is_silent_since_it_was_first_asked_for() -> None:
    clock = Clock()
    arrivals = LastArrivals(clock)
    assert arrivals.silent_s("d", "s", "imu") == 0
    clock.now += 3
    assert arrivals.silent_s("d", "s", "imu") == 3


def test_sessions_that_are_not_known_any_more_are_forgotten() -> None:
    arrivals = LastArrivals()
    for number in range(100):
        arrivals.record("d", f"s{number}", "imu")
    arrivals.keep_only(lambda device_id, session_id: (device_id, session_id) == ("d", "s42"))
    assert len(arrivals) == 1


def test_a_stream_that_is_behind_is_given_up_when_it_was_silent_for_too_long() -> None:
    clock = Clock()
    arrivals = LastArrivals(clock)
    silence = StreamSilence(lambda: True, idle_timeout_s=5, session_end_timeout_s=60)
    arrivals.record("d", "s", "imu")
    clock.now += 5
    arrivals.record("d", "s", "audio")
    assert list(silence.lost([SESSION], arrivals)) == []
    clock.now += 1
    assert list(silence.lost([SESSION], arrivals)) == [(SESSION, ("imu",))]


def test_a_session_is_over_when_none_of_its_streams_had_a_frame_for_too_long() -> None:
    clock = Clock()
    arrivals = LastArrivals(clock)
    silence = StreamSilence(lambda: True, idle_timeout_s=5, session_end_timeout_s=60)
    nothing_behind = AwaitedSession("d", "s", "s", (), ("audio", "imu"))
    arrivals.record("d", "s", "audio")
    arrivals.record("d", "s", "imu")
    clock.now += 60
    assert list(silence.lost([nothing_behind], arrivals)) == []
    clock.now += 1
    assert list(silence.lost([nothing_behind], arrivals)) == [(nothing_behind, ("audio", "imu"))]


def test_behind_a_backlog_no_stream_is_silent_and_no_time_runs() -> None:
    clock = Clock()
    arrivals = LastArrivals(clock)
    caught_up = False
    silence = StreamSilence(lambda: caught_up, idle_timeout_s=5, session_end_timeout_s=60)
    for _ in range(3):
        assert list(silence.lost([SESSION], arrivals)) == []
        clock.now += 1_000
    caught_up = True
    assert list(silence.lost([SESSION], arrivals)) == []


def test_behind_a_backlog_a_stream_is_given_up_whose_own_topic_is_read() -> None:
    clock = Clock()
    arrivals = LastArrivals(clock)
    read: set[str] = set()
    silence = StreamSilence(lambda: False, 5, 60, lambda: read, behind_max_s=30)

    def behind(seconds: float) -> AwaitedSession:
        return AwaitedSession("d", "s", "s", ("imu",), ("audio", "imu"), {"imu": seconds})

    assert list(silence.lost([behind(31)], arrivals)) == []
    clock.now += 6
    # What the stream said may still be unread.
    assert list(silence.lost([behind(31)], arrivals)) == []
    read.add("imu")
    assert list(silence.lost([behind(31)], arrivals)) == []
    clock.now += 6
    assert list(silence.lost([behind(30)], arrivals)) == []
    assert list(silence.lost([behind(31)], arrivals)) == [(behind(31), ("imu",))]
    arrivals.record("d", "s", "imu")
    assert list(silence.lost([behind(31)], arrivals)) == []


def test_sessions_are_not_looked_at_while_all_streams_have_a_backlog() -> None:
    looked_at: list[AwaitedSession] = []

    def waiting() -> Iterator[AwaitedSession]:
        looked_at.append(SESSION)
        yield SESSION

    silence = StreamSilence(lambda: False, 5, 60, tuple, behind_max_s=30)
    assert list(silence.lost(waiting(), LastArrivals(Clock()))) == []
    assert not looked_at


def test_while_the_broker_does_not_answer_nobody_is_silent() -> None:
    clock = Clock()
    arrivals = LastArrivals(clock)
    answers = True
    silence = StreamSilence(lambda: True, 5, 60, answers=lambda: answers)
    arrivals.record("d", "s", "imu")
    arrivals.record("d", "s", "audio")
    answers = False
    clock.now += 100
    assert list(silence.lost([SESSION], arrivals)) == []
    answers = True
    # Devices that could not send either get the whole time to do so.
    assert list(silence.lost([SESSION], arrivals)) == []
    clock.now += 5
    assert list(silence.lost([SESSION], arrivals)) == []
    clock.now += 1
    assert list(silence.lost([SESSION], arrivals)) == [(SESSION, ("imu",))]
