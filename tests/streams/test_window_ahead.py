from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from schemas import Vector, Window
from schemas.frames import NS
from streams.window_ahead import OpenWindow

if TYPE_CHECKING:
    from models.serving.window_ahead import WindowAhead

BEGAN_S = 1_800_000_000


def second(number: int, mel: bool = True, imu: bool = False) -> Window:
    """Return a spatial window whose log-mel and motion are its number."""
    start_ns = (BEGAN_S + number) * NS
    features = {}
    if mel:
        features["mel"] = Vector.of(np.full((50, 64), number, np.float16), "<f2")
    if imu:
        features["imu"] = Vector.of(np.full((50, 6), number, np.float32))
    return Window(
        device_id="d",
        window_id=f"d/s/spatial/{start_ns}",
        session_id="s",
        kind="spatial",
        start_ns=start_ns,
        end_ns=start_ns + NS,
        coverage={"audio": 1.0},
        slices={"audio": [1.0]},
        features=features,
    )


def handed_out(windows: list[Window]) -> dict[int, WindowAhead]:
    """Return what each second's push returned, without those that returned nothing."""
    window = OpenWindow()
    pushed = {each.start_ns // NS - BEGAN_S: window.push(each) for each in windows}
    return {number: ahead for number, ahead in pushed.items() if ahead is not None}


def sound_of(ahead: WindowAhead) -> list[int]:
    """Return the seconds to encode."""
    assert ahead.sound is not None
    return [int(mel[0, 0]) for mel in np.split(ahead.sound, len(ahead.sound) // 50)]


def test_a_segment_is_encoded_at_its_end_but_for_the_last_of_a_window() -> None:
    out = handed_out([second(number) for number in range(30)])
    whole = {number: sound_of(ahead) for number, ahead in out.items() if number % 2}
    assert whole == {number: [number - 1, number] for number in range(1, 29, 2)}


def test_the_first_second_of_a_segment_is_encoded_before_an_activity_window_ends_with_it() -> None:
    out = handed_out([second(number) for number in range(30)])
    early = {number: sound_of(ahead) for number, ahead in out.items() if not number % 2}
    assert early == {8: [8], 18: [18], 28: [28]}
    assert not any(out[number].loudest for number in early)


def test_a_segment_is_tagged_once_it_is_certain_to_be_among_the_loudest() -> None:
    out = handed_out([second(number) for number in range(30)])
    # Eleven of fifteen are named, so the loudest of five is one of them, and it is the last here.
    assert [int(mel[0, 0]) for mel in out[9].loudest] == [8]
    assert [int(mel[0, 0]) for mel in out[27].loudest] == [26]
    assert sum(len(ahead.loudest) for ahead in out.values()) == 10


def test_a_segment_of_which_a_second_is_missing_is_left_to_its_window() -> None:
    assert [*handed_out([second(number) for number in (0, 1, 3, 4, 7, 12, 13)])] == [1, 13]


def test_each_window_begins_anew() -> None:
    out = handed_out([second(number) for number in range(20, 60)])
    assert sound_of(out[31]) == [30, 31]
    assert [int(mel[0, 0]) for mel in out[39].loudest] == [38]


def test_motion_is_encoded_in_blocks_of_seven_segments() -> None:
    out = handed_out([second(number, mel=False, imu=True) for number in range(60)])
    assert [*out] == [13, 27, 43, 57]
    for number, ahead in out.items():
        assert ahead.sound is None
        assert ahead.motion is not None
        assert ahead.motion.shape == (7, 100, 6)
        assert (ahead.motion[0, 0, 0], ahead.motion[-1, -1, 0]) == (number - 13, number)


def test_a_block_of_which_a_second_is_missing_is_left_to_its_window() -> None:
    numbers = [number for number in range(30) if number != 5]
    assert [*handed_out([second(number, mel=False, imu=True) for number in numbers])] == [27]


def test_a_second_without_sound_or_motion_gives_nothing() -> None:
    assert not handed_out([second(0, mel=False), second(1)])
