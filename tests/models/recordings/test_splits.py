from __future__ import annotations

from models.recordings.splits import freesound_split, in_split, speaker_split


def test_every_user_is_in_exactly_one_split() -> None:
    for user in [f"D1_u{n:02}" for n in range(60)] + ["1600", "1647", "u07", "alice", "x²"]:
        assert sum(in_split(user, part) for part in ("train", "validation", "test")) == 1
        assert in_split(user, None)


def test_whoever_neither_trains_nor_validates_is_an_unseen_speaker() -> None:
    names = ("george", "jackson", "lucas", "nicolas", "somebody")
    assert [speaker_split(name) for name in names] == [
        "train",
        "train",
        "validation",
        "test",
        "test",
    ]


def test_a_recording_is_of_the_part_that_another_data_set_has_it_in() -> None:
    own = [freesound_split(number, {}) for number in range(10, 20)]
    assert own == [
        *("test", "test", "validation", "train", "train"),
        *("test", "test", "train", "train", "train"),
    ]
    assert freesound_split(10, {10: "train"}) == "train"
    assert freesound_split(13, {13: "test"}) == "test"
