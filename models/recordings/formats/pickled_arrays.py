"""Safe stand-ins for NumPy arrays while unpickling.

NumPy's own classes accept any state from a file: dtypes whose values are pointers, and memory for
any shape. These accept only a numeric dtype, a shape, and the number of bytes that both imply.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTE_ORDERS = "<>=|"


class NotNumericError(ValueError):
    """Values are not numeric, or do not have the stated number."""


class PickledDtype:
    """An array's numeric dtype and byte order."""

    def __init__(self, code: Any = "", *_: Any) -> None:
        self.dtype = np.dtype(_text(code))
        if self.dtype.kind not in "biuf":
            raise NotNumericError(f"holds values of type {self.dtype}; expected numbers")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = _text(state[1])
        if not isinstance(order, str) or len(order) != 1 or order not in _BYTE_ORDERS:
            raise NotNumericError(f"has byte order {order!r:.40}; expected one of {_BYTE_ORDERS}")
        self.dtype = self.dtype.newbyteorder("=" if order == "|" else order)


class PickledArray:
    """An array, which has no values until its state is set."""

    def __init__(self) -> None:
        self.values: NDArray[Any] = np.empty(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        # Old states have no version, and begin with the shape.
        *_, shape, dtype, fortran, data = state
        self.values = _array(data, dtype, shape, "F" if fortran else "C")


def from_buffer(data: Any, dtype: Any, shape: Any, order: Any, *_: Any) -> PickledArray:
    """Return an array pickled with protocol 5."""
    array = PickledArray()
    array.values = _array(data, dtype, shape, "F" if order == "F" else "C")
    return array


def scalar(dtype: Any, data: Any) -> Any:
    """Return a single number."""
    return _array(data, dtype, (), "C")[()]


def _array(data: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    if not isinstance(dtype, PickledDtype):
        raise NotNumericError(f"holds values of type {dtype!r:.40}; expected numbers")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise NotNumericError(f"has shape {shape!r:.40}; expected a tuple of sizes")
    values = bytearray(data.encode("latin1") if isinstance(data, str) else memoryview(data))
    expected = prod(shape) * dtype.dtype.itemsize
    if len(values) != expected:
        raise NotNumericError(f"has {len(values)} bytes of values; expected {expected}")
    return np.ndarray(shape, dtype.dtype, values, order=order)


def _text(value: Any) -> Any:
    """Decode text that Python 2 wrote as bytes."""
    return value.decode("latin1") if isinstance(value, bytes) else value
