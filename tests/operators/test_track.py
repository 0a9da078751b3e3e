from __future__ import annotations

import pytest

from operators.track import Track, Verdict
from schemas.frames import NS

TOLERANCE = 2 * NS


def track_after(*frames: tuple[int, float]) -> Track:
    """Return the track after frames (sequence number, start in s) of one second each."""
    track = Track()
    for seq, start_s in frames:
        track.accept(seq, round(start_s * NS), round((start_s + 1) * NS))
    return track


def test_the_first_frame_is_new_whatever_its_number_and_time() -> None:
    assert Track().judge(7, 5 * NS, TOLERANCE) == "new"
    assert Track().judge(0, 0, TOLERANCE) == "new"


@pytest.mark.parametrize(
    ("seq", "start_ns", "verdict"),
    [
        # The track has frames 4 to 6 at 10 to 12 s, so its newest sample ends at 13 s.
        (5, 11 * NS, "duplicate"),
        (6, 12 * NS, "duplicate"),
        (7, 13 * NS, "new"),
        (3, 9 * NS, "new"),
        (3, 13 * NS - 1, "new"),
        (3, 13 * NS, "sequence_reset"),
        (0, 14 * NS, "sequence_reset"),
        (6, 13 * NS, "sequence_reset"),
        (5, 11 * NS + 1, "sequence_reset"),
        (5, 11 * NS - 1, "clock_reset"),
        (6, 11 * NS, "sequence_reset"),
        (7, 11 * NS, "new"),
        (7, 11 * NS - 1, "clock_reset"),
        (6, 11 * NS - 1, "clock_reset"),
        (3, 2 * NS, "new"),
    ],
)
def test_a_frame_is_judged_by_its_number_and_its_time(
    seq: int, start_ns: int, verdict: Verdict
) -> None:
    assert track_after((4, 10), (5, 11), (6, 12)).judge(seq, start_ns, TOLERANCE) == verdict


def test_a_track_begins_with_nothing_seen_and_is_waited_for() -> None:
    track = Track()
    assert (track.newest_ns, track.newest_seq) == (None, -1)
    assert (track.final, track.given_up, dict(track.seen)) == (False, False, {})


def test_a_number_that_came_before_carries_the_run_no_further() -> None:
    assert track_after((4, 10), (4, 11)).advance_watermark(round(1.5 * NS)) == round(10.5 * NS)


def test_the_newest_number_and_time_never_go_back() -> None:
    track = track_after((6, 12), (4, 10))
    assert (track.newest_seq, track.newest_ns) == (6, 13 * NS)
    assert track_after((0, -1)).newest_ns == 0


def test_a_new_frame_ends_giving_up() -> None:
    track = track_after((0, 0))
    track.given_up = True
    track.accept(1, NS, 2 * NS)
    assert track.given_up is False


def test_the_last_512_frames_are_remembered() -> None:
    track = track_after(*((seq, seq) for seq in range(512)))
    assert len(track.seen) == 512
    assert track.judge(0, 0, TOLERANCE) == "duplicate"
    track.accept(512, 512 * NS, 513 * NS)
    assert len(track.seen) == 512
    assert track.judge(0, 0, TOLERANCE) == "new"
    assert track.judge(1, NS, TOLERANCE) == "duplicate"


def test_after_a_sequence_reset_old_numbers_are_new_and_the_time_stays() -> None:
    track = track_after((4, 10), (5, 11))
    track.restart_sequence()
    assert (track.newest_seq, track.newest_ns, dict(track.seen)) == (-1, 12 * NS, {})
    assert track.judge(0, 12 * NS, TOLERANCE) == "new"
    assert track.judge(0, 10 * NS - 1, TOLERANCE) == "clock_reset"


@pytest.mark.parametrize(
    ("frames", "watermark_s"),
    [
        # The first frame may have predecessors for two seconds.
        (((4, 10.0),), 9.0),
        (((4, 10.0), (5, 11.0)), 11.0),
        (((4, 10.0), (5, 11.0), (6, 12.0)), 12.0),
        # Number 6 is missing; what follows it starts at 13 s, so it is waited for up to 15 s.
        (((4, 10.0), (5, 11.0), (7, 13.0)), 12.0),
        (((4, 10.0), (5, 11.0), (7, 13.0), (8, 14.0)), 14.0),
        (((4, 10.0), (5, 11.0), (7, 12.5), (8, 13.0), (6, 12.0)), 13.0),
        (((4, 10.0), (5, 11.0), (8, 13.5), (7, 12.5)), 13.5),
        (((4, 10.0), (5, 11.0), (8, 13.5), (7, 12.75)), 12.5),
        # A clock that steps back takes nothing back.
        (((4, 10.0), (5, 11.0), (6, 10.5)), 11.0),
    ],
)
def test_the_lateness_is_waited_for_what_is_missing_only(
    frames: tuple[tuple[int, float], ...], watermark_s: float
) -> None:
    assert track_after(*frames).advance_watermark(2 * NS) == round(watermark_s * NS)


def test_numbers_that_begin_again_may_have_predecessors_again() -> None:
    track = track_after((4, 10.0), (5, 11.0), (6, 12.0))
    track.restart_sequence()
    track.accept(0, 13 * NS, 14 * NS)
    assert track.advance_watermark(2 * NS) == 12 * NS
    track.accept(1, 14 * NS, 15 * NS)
    assert track.advance_watermark(2 * NS) == 14 * NS
