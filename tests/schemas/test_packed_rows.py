from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from schemas import FinetuneItem, PackedRows, Vector
from schemas.errors import InvalidError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rows(count: int = 15, columns: int = 644) -> NDArray[np.float32]:
    """Features of a few sizes, as those of sound, motion and embeddings are."""
    rng = np.random.default_rng(0)
    scale = np.repeat([4.0, 0.2, 1.0], -(-columns // 3))[:columns]
    return (rng.normal(0, 1, (count, columns)) * scale).astype(np.float32)


def item(embeddings: PackedRows | Vector) -> FinetuneItem:
    return FinetuneItem(
        device_id="d",
        window_id="d/s/scenario/0",
        session_id="s",
        start_ns=0,
        end_ns=30,
        revision="r",
        embeddings=embeddings,
        scenarios={},
        confidence=0.1,
        pseudo_labels=["Cooking"],
        provenance="user",
    )


@pytest.mark.parametrize(("count", "columns"), [(15, 644), (15, 4), (1, 133), (0, 644), (3, 132)])
def test_numbers_are_off_by_at_most_half_a_step_of_their_block(count: int, columns: int) -> None:
    before = rows(count, columns)
    after = PackedRows.of(before, exact=4).array()
    assert after.shape == before.shape
    assert after.dtype == np.float32
    for first in range(0, columns - 4, 128):
        last = min(first + 128, columns - 4)
        for row, given in zip(before[:, first:last], after[:, first:last], strict=True):
            # The scale itself is a float16.
            assert np.abs(row - given).max() <= np.abs(row).max() / 127 * (0.5 + 127 / 2**11)
    np.testing.assert_array_equal(after[:, -4:], before[:, -4:].astype(np.float16))


def test_zeros_and_flags_are_exact() -> None:
    before = rows()
    before[3, :256] = 0
    before[:, -2:] = np.arange(15)[:, None] % 2
    after = PackedRows.of(before, exact=4).array()
    assert not after[3, :256].any()
    np.testing.assert_array_equal(after[:, -2:], before[:, -2:])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_does_not_become_finite(value: float) -> None:
    before = rows()
    before[2, 5] = value
    after = PackedRows.of(before, exact=4).array()
    assert not np.isfinite(after[2]).all()
    assert np.isfinite(np.delete(after, 2, axis=0)).all()


def test_a_message_with_packed_rows_is_far_smaller_than_one_with_float16() -> None:
    packed, plain = item(PackedRows.of(rows(), exact=4)), item(Vector.of(rows(), "<f2"))
    assert len(packed.encode()) < 0.6 * len(plain.encode())
    for each in (packed, plain):
        again = FinetuneItem.decode(each.encode())
        assert again == each
        np.testing.assert_array_equal(again.embeddings.array(), each.embeddings.array())


@pytest.mark.parametrize(
    ("shape", "exact", "data", "why"),
    [
        ([2, 4], 0, b"nonsense", "data cannot be inflated"),
        ([2, 4], 0, zlib.compress(b"\0" * 11), "needs 12 bytes"),
        ([2, 4], 0, zlib.compress(b"\0" * 2**24), "data inflates to more"),
        ([2, 4], 0, zlib.compress(b"\0" * 12)[:-1], "needs 12 bytes"),
        ([2, 4], 0, zlib.compress(b"\0" * 12) + b"\0", "needs 12 bytes"),
        ([2, 4], 5, zlib.compress(b""), "of 5 to 4096 columns"),
        ([65, 4], 0, zlib.compress(b""), "at most 64 rows"),
        ([-1, 4], 0, zlib.compress(b""), "at most 64 rows"),
        ([2, 4_097], 0, zlib.compress(b""), "4096 columns"),
    ],
)
def test_rows_say_why_they_are_refused(shape: list[int], exact: int, data: bytes, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        PackedRows(shape=shape, exact=exact, data=data)


def test_a_message_with_other_bytes_in_it_is_invalid() -> None:
    good = PackedRows.of(rows(), exact=4)
    bad = item(good).model_copy(
        update={"embeddings": good.model_copy(update={"data": zlib.compress(b"\0")})}
    )
    with pytest.raises(InvalidError, match="embeddings"):
        FinetuneItem.decode(bad.encode())
