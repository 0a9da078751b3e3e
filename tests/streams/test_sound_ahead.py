from __future__ import annotations

import numpy as np

from schemas import Vector, Window
from schemas.frames import NS
from streams.sound_ahead import OpenWindow

BEGAN_S = 1_800_000_000


def second(number: int, mel: bool = True) -> Window:
    """Return a spatial window whose log-mel is its number."""
    start_ns = (BEGAN_S + number) * NS
    values = np.full((50, 64), number, np.float16)
    return Window(
        device_id="d",
        window_id=f"d/s/spatial/{start_ns}",
        session_id="s",
        kind="spatial",
        start_ns=start_ns,
        end_ns=start_ns + NS,
        coverage={"audio": 1.0},
        slices={"audio": [1.0]},
        features={"mel": Vector.of(values, "<f2")} if mel else {},
    )


def push_seconds(numbers: list[int]) -> dict[int, list[int]]:
    """Return by second what was handed out: the segment's seconds, and the loudest ones' first."""
    window, out = OpenWindow(), {}
    for number in numbers:
        ahead = window.push(second(number))
        if ahead is not None:
            assert ahead.segment.shape == (100, 64)
            seconds = [int(ahead.segment[0, 0]), int(ahead.segment[-1, 0])]
            out[number] = [*seconds, *(int(mel[0, 0]) for mel in ahead.loudest)]
    return out


def test_a_segment_is_handed_out_at_its_end_but_for_the_last_of_a_window() -> None:
    out = push_seconds([*range(30)])
    assert [*out] == [*range(1, 29, 2)]
    assert out[1] == [0, 1]
    # Eleven of fifteen are named, so the loudest of five is one of them, and it is the last here.
    assert out[9] == [8, 9, 8]
    assert out[27] == [26, 27, 26]


def test_a_segment_of_which_a_second_is_missing_is_left_to_its_window() -> None:
    assert [*push_seconds([0, 1, 3, 4, 7, 8, 9])] == [1, 9]


def test_each_window_begins_anew() -> None:
    out = push_seconds([*range(20, 60)])
    assert out[31] == [30, 31]
    assert out[39] == [38, 39, 38]


def test_a_second_without_sound_gives_nothing() -> None:
    window = OpenWindow()
    assert window.push(second(0, mel=False)) is None
    assert window.push(second(1)) is None
