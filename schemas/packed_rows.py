"""Features of a window's segments on the wire, in about a third of the size of float16.

They are most of a wearer's data on the broker, and only used for fine-tuning. The error of a number
is at most half a step of its scale, 0.4 % of the largest one in its block.
"""

from __future__ import annotations

import zlib
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

MAX_ROWS = 64
MAX_COLUMNS = 4_096
BLOCK = 128
_STEPS = 127


class PackedRows(BaseModel):
    """A matrix of `shape` (R, C) that keeps its last `exact` columns X as float16.

    The other columns lie in blocks of 128, the last of which may be narrower. `data` is deflated: a
    float16 scale for each row of each block (R, B); the blocks' elements as int8 multiples of it,
    each row less the one before (modulo 256), column by column (C - X, R); and the exact columns
    (R, X). All is little-endian, and its length is checked before numpy sees it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    shape: list[int] = Field(min_length=2, max_length=2)
    exact: Annotated[int, Field(ge=0, le=MAX_COLUMNS)]
    data: bytes = Field(max_length=2 * MAX_ROWS * MAX_COLUMNS, repr=False)

    _plain: bytes = PrivateAttr(b"")

    @model_validator(mode="after")
    def _sizes_agree(self) -> PackedRows:
        rows, columns = self.shape
        if not (0 <= rows <= MAX_ROWS and self.exact <= columns <= MAX_COLUMNS):
            raise ValueError(
                f"shape {self.shape} is not of at most {MAX_ROWS} rows of {self.exact} to "
                f"{MAX_COLUMNS} columns"
            )
        want = sum(self._lengths())
        inflating = zlib.decompressobj()
        try:
            # No more is inflated than the expected size.
            plain = inflating.decompress(self.data, want + 1)
        except zlib.error as error:
            raise ValueError(f"data cannot be inflated: {error}") from error
        if len(plain) != want or not inflating.eof or inflating.unused_data:
            raise ValueError(
                f"shape {self.shape} with {self.exact} exact columns needs {want} bytes, "
                f"but data inflates to {'more' if len(plain) > want else 'others'}"
            )
        self._plain = plain
        return self

    @classmethod
    def of(cls, rows: NDArray[Any], exact: int) -> PackedRows:
        """Pack `rows` (R, C); values that are not finite stay so in `array`."""
        values = np.asarray(rows, dtype=np.float32)
        count, columns = values.shape
        packed = columns - exact
        largest = np.empty((count, _blocks(packed)), np.float32)  # (R, B)
        for at in range(largest.shape[1]):
            largest[:, at] = np.abs(values[:, :packed][:, at * BLOCK :][:, :BLOCK]).max(axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            scales = (largest / _STEPS).astype("<f2")
            wide = _spread(scales, packed)  # (R, C - X)
            # Values too small for a scale are 0.
            steps = np.divide(
                values[:, :packed], wide, out=np.zeros((count, packed), np.float32), where=wide > 0
            )
            steps = np.clip(np.rint(np.nan_to_num(steps)), -_STEPS, _STEPS).astype(np.int8)
            rest = values[:, packed:].astype("<f2")
        changes = np.diff(steps, axis=0, prepend=np.zeros((1, packed), np.int8))
        plain = scales.tobytes() + changes.T.tobytes() + rest.tobytes()
        shape, data = [count, columns], _deflate(plain)
        if not (count <= MAX_ROWS and exact <= columns <= MAX_COLUMNS):
            return cls(shape=shape, exact=exact, data=data)
        # The sizes of a matrix are consistent; inflating it again would take as long as packing.
        made = cls.model_construct(shape=shape, exact=exact, data=data)
        made._plain = plain
        return made

    def array(self) -> NDArray[np.float32]:
        """Return the rows (R, C)."""
        rows, columns = self.shape
        packed = columns - self.exact
        scales, steps, _ = self._lengths()
        first = np.frombuffer(self._plain[:scales], "<f2").reshape(rows, _blocks(packed))
        changes = np.frombuffer(self._plain[scales : scales + steps], np.int8).reshape(packed, rows)
        middle = np.cumsum(changes, axis=1, dtype=np.int8)  # (C - X, R)
        last = np.frombuffer(self._plain[scales + steps :], "<f2").reshape(rows, self.exact)
        out = np.empty((rows, columns), np.float32)
        with np.errstate(invalid="ignore"):
            out[:, :packed] = middle.T * _spread(first, packed)
        out[:, packed:] = last
        return out

    def _lengths(self) -> tuple[int, int, int]:
        """Return the sizes in bytes of the scales, the blocks and the exact columns."""
        rows, columns = self.shape
        packed = columns - self.exact
        return 2 * rows * _blocks(packed), rows * packed, 2 * rows * self.exact


def _deflate(plain: bytes) -> bytes:
    # Small numbers of either sign, which seldom come again in the same order but for runs of zeros.
    deflating = zlib.compressobj(strategy=zlib.Z_RLE)
    return deflating.compress(plain) + deflating.flush()


def _blocks(columns: int) -> int:
    return -(-columns // BLOCK)


def _spread(scales: NDArray[np.float16], columns: int) -> NDArray[np.float32]:
    """Scales of blocks (R, B) -> of columns (R, C)."""
    return np.repeat(scales.astype(np.float32), BLOCK, axis=1)[:, :columns]
