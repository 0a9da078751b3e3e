"""Arrays on the wire: raw little-endian bytes with dtype and shape, never pickles."""

from __future__ import annotations

from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

DType = Literal["<f4", "<f2", "<i2", "|u1"]
MAX_VECTOR_BYTES = 4_000_000
_DTYPES: dict[DType, np.dtype[Any]] = {
    "<f4": np.dtype("<f4"),
    "<f2": np.dtype("<f2"),
    "<i2": np.dtype("<i2"),
    "|u1": np.dtype("|u1"),
}
MAX_DIMS = 4


class Vector(BaseModel):
    """An array of at most four dimensions and 4 MB.

    `data` holds the elements in C order; its length must be the product of `shape` times the
    element size, which is checked before numpy sees it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dtype: DType
    shape: list[int] = Field(max_length=MAX_DIMS)
    data: bytes = Field(max_length=MAX_VECTOR_BYTES, repr=False)

    @model_validator(mode="after")
    def _sizes_agree(self) -> Vector:
        if self.shape and min(self.shape) < 0:
            raise ValueError(f"shape {self.shape} has a negative size; sizes are 0 or more")
        # numpy multiplies the sizes that are not 0, also of an array that has no element.
        item_bytes = _DTYPES[self.dtype].itemsize
        if prod([n for n in self.shape if n]) * item_bytes > MAX_VECTOR_BYTES:
            raise ValueError(f"shape {self.shape} is of more than {MAX_VECTOR_BYTES} bytes")
        want = prod(self.shape) * item_bytes
        if want != len(self.data):
            raise ValueError(
                f"shape {self.shape} of {self.dtype} needs {want} bytes, "
                f"but data has {len(self.data)}"
            )
        return self

    @classmethod
    def of(cls, array: NDArray[Any], dtype: DType = "<f4") -> Vector:
        """Pack `array` (any shape up to 4-D) as `dtype`."""
        packed = np.ascontiguousarray(array, dtype=_DTYPES[dtype])
        shape, data = list(packed.shape), packed.tobytes()
        if packed.ndim <= MAX_DIMS and packed.nbytes <= MAX_VECTOR_BYTES:
            # An array's sizes are consistent; checking them again would take longer than packing.
            return cls.model_construct(dtype=dtype, shape=shape, data=data)
        return cls(dtype=dtype, shape=shape, data=data)

    def array(self) -> NDArray[Any]:
        """Return a read-only view of the bytes as an array of `shape`."""
        return np.ndarray(self.shape, _DTYPES[self.dtype], self.data)
