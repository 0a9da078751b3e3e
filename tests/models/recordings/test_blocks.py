import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.recordings.blocks import BLOCK_S, Blocks

RATE, SECONDS = 8, 3 * BLOCK_S + 4
STREAM = np.arange(RATE * SECONDS, dtype=np.float32)


@given(st.integers(0, RATE * SECONDS - 1), st.integers(1, RATE * SECONDS))
def test_a_cut_is_the_streams_own_samples_wherever_it_lies(first: int, length: int) -> None:
    last = min(first + length, STREAM.size)
    rows = Blocks(RATE, SECONDS, lambda a, b: STREAM[a * RATE : b * RATE, None], axis=0)
    columns = Blocks(RATE, SECONDS, lambda a, b: STREAM[None, a * RATE : b * RATE], axis=1)
    np.testing.assert_array_equal(rows.cut(first, last)[:, 0], STREAM[first:last])
    np.testing.assert_array_equal(columns.cut(first, last)[0], STREAM[first:last])


def test_a_block_is_rendered_once_for_all_its_chunks() -> None:
    rendered = []

    def render(start_s: int, stop_s: int) -> np.ndarray:
        rendered.append((start_s, stop_s))
        return STREAM[start_s * RATE : stop_s * RATE, None]

    blocks = Blocks(RATE, SECONDS, render, axis=0)
    for second in range(SECONDS):
        blocks.cut(second * RATE, (second + 1) * RATE)
    assert rendered == [(0, 10), (10, 20), (20, 30), (30, 34)]
