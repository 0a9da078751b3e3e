"""From where partitions are read again that the store does not reach."""

from __future__ import annotations

from faust.types import TP

from streams.engine.kafka.reading_again import ReadingAgain, reading_again

SOUND, MOTION, RECORDS = TP("audio.frames", 0), TP("imu.frames", 0), TP("scenario", 0)
FRAMES = {"audio.frames", "imu.frames"}


def test_a_store_that_reaches_the_commits_has_nothing_read_again() -> None:
    committed = {SOUND: 9, MOTION: 4, RECORDS: 2}
    again = reading_again(committed, {SOUND: 9, MOTION: 5, RECORDS: 2}, {SOUND: 3}, FRAMES)
    assert not again
    assert again == ReadingAgain()


def test_what_lies_between_an_older_copy_and_the_commits_is_read_again() -> None:
    committed = {SOUND: 9, MOTION: 4, RECORDS: 6}
    again = reading_again(committed, {SOUND: 7, MOTION: 4, RECORDS: 1}, {SOUND: 7}, FRAMES)
    assert again.starts == {SOUND: 7, RECORDS: 1}
    assert (again.again, again.gone, again.empty, again.published) == (7, 0, False, {})
    assert again.line == (
        "the store lost its latest writes: 7 messages of 2 partitions are read again"
    )


def test_what_the_broker_no_longer_has_is_counted_and_the_rest_only_learned_from() -> None:
    again = reading_again(
        {SOUND: 9, RECORDS: 5}, {SOUND: 2, RECORDS: 1}, {SOUND: 6, RECORDS: 2}, FRAMES
    )
    assert again.starts == {SOUND: 6, RECORDS: 2}
    assert (again.again, again.gone) == (6, 5)
    # Records of windows would have seen less than those that were published.
    assert again.published == {SOUND: 9}
    assert again.line == (
        "the store lost its latest writes: 6 messages of 2 partitions are read again; 5 more are "
        "no longer in the broker: what was learned from them is lost"
    )


def test_of_partitions_without_any_frame_left_nothing_is_read_again_but_it_is_said() -> None:
    again = reading_again({SOUND: 9}, {SOUND: 2}, {SOUND: 12}, FRAMES)
    assert again.starts == {SOUND: 9}
    assert (again.again, again.gone) == (0, 7)
    assert again


def test_of_an_empty_store_frames_are_read_from_their_beginning_and_records_are_not() -> None:
    again = reading_again({SOUND: 9, MOTION: 8, RECORDS: 5}, {}, {SOUND: 4}, FRAMES)
    assert again.starts == {SOUND: 4, MOTION: 0}
    assert again.published == {SOUND: 9, MOTION: 8}
    assert (again.again, again.gone, again.empty) == (13, 4, True)
    assert again.line == (
        "the store has lost its checkpoints: 13 messages of 2 partitions are read again; 4 more "
        "are no longer in the broker: what was learned from them is lost; "
        "`faust -A streams.app log rebuild` brings the log's records back"
    )


def test_a_partition_that_an_older_copy_does_not_know_is_read_from_its_beginning() -> None:
    again = reading_again({SOUND: 9, RECORDS: 5}, {SOUND: 9}, {}, FRAMES)
    assert again.starts == {RECORDS: 0}
    assert not again.empty
