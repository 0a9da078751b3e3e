"""What stands for a NumPy array while a file's pickle is read, and makes it in the end.

NumPy's own parts take over whatever state a file gives them: flags by which numbers are pointers,
and room for any shape. These take a type of numbers, a shape and as many bytes as both need.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTE_ORDERS = "<>=|"


class NotNumericError(ValueError):
    """Values are no numbers, or are not as many as they are said to be."""


class PickledDtype:
    """The type of an array's numbers, and in which order their bytes come."""

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
    """An array, without values until its state has come."""

    def __init__(self) -> None:
        self.values: NDArray[Any] = np.empty(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        # Before there were versions, the shape came first.
        *_, shape, dtype, fortran, data = state
        self.values = _array(data, dtype, shape, "F" if fortran else "C")


def from_buffer(data: Any, dtype: Any, shape: Any, order: Any, *_: Any) -> PickledArray:
    """Return an array as protocol 5 has it."""
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
    """Return text that Python 2 wrote as bytes."""
    return value.decode("latin1") if isinstance(value, bytes) else value
