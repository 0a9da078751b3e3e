"""Reading pickled dictionaries of numeric arrays, and nothing else.

A pickle is a program that may run arbitrary code when loaded. This reader allows only the few names
that numeric NumPy arrays need, and refuses all others.
"""

from __future__ import annotations

import codecs
import os
import pickle
import pickletools
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

from models.recordings.formats.npz import open_npz
from models.recordings.formats.pickled_arrays import (
    NotNumericError,
    PickledArray,
    PickledDtype,
    from_buffer,
    scalar,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

MAX_BYTES = 1 << 31

_CORES = ("numpy.core", "numpy._core")
_RECONSTRUCT = {(f"{core}.multiarray", "_reconstruct") for core in _CORES}
_ARRAY_PARTS = {
    **{(f"{core}.multiarray", "scalar"): scalar for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): from_buffer for core in _CORES},
    ("numpy", "ndarray"): PickledArray,
    ("numpy", "dtype"): PickledDtype,
}
_MALFORMED = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    struct.error,
)


class UnsafePickleError(ValueError):
    """A pickle is damaged, or asks for something other than numeric arrays."""


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        if (module, name) in _RECONSTRUCT:
            return _empty_array
        if (module, name) in _ARRAY_PARTS:
            return _ARRAY_PARTS[module, name]
        raise UnsafePickleError(
            f"asks for {module}.{name}; only dictionaries of numeric arrays are read"
        )

    def persistent_load(self, pid: Any) -> Any:  # noqa: ARG002 - the signature is its protocol's
        raise UnsafePickleError("refers to objects outside itself; expected plain arrays")


def _empty_array(kind: Any, shape: Any, dtype: Any) -> PickledArray:  # noqa: ARG001 - the signature is its pickle's
    """Return an array to be filled by its state."""
    if kind is not PickledArray or shape != (0,):
        raise UnsafePickleError(f"begins an array of shape {shape!r:.40}; expected (0,)")
    return PickledArray()


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """Return the bytes of arrays, which protocols 0 to 2 store as text."""
    if encoding not in ("latin1", "latin-1"):
        raise UnsafePickleError(f"encodes bytes as {encoding!r}; expected latin1")
    return codecs.encode(text, "latin1")


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a pickled (or .npz) dictionary by name.

    Raises `UnsafePickleError` for anything but text keys and numeric arrays, and `OSError`.
    """
    if path.suffix == ".npz":
        try:
            with open_npz(path) as archive:
                return {name: archive[name] for name in archive.files}
        except _MALFORMED as error:
            raise UnsafePickleError(f"is no readable .npz of arrays: {error}") from error
    if path.stat().st_size > MAX_BYTES:
        raise UnsafePickleError(f"has {path.stat().st_size} bytes; expected at most {MAX_BYTES}")
    with path.open("rb") as file:
        _check_lengths(file)
        arrays = _load(_Arrays, file)
    if not isinstance(arrays, dict):
        raise UnsafePickleError(f"holds a {type(arrays).__name__}; expected a dictionary of arrays")
    for name, value in arrays.items():
        if not isinstance(name, str) or not isinstance(value, PickledArray):
            raise UnsafePickleError(
                f"holds {name!r:.40} of type {type(value).__name__}; expected arrays by name"
            )
    return {name: array.values for name, array in arrays.items()}


class _BoundedFile:
    """A file that refuses to read more bytes than it has left."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return self.size - self._file.tell()

    def read(self, count: int) -> bytes:
        if count > self.left:
            raise EOFError(f"claims {count} bytes where it has {self.left}")
        return self._file.read(count)

    def readline(self) -> bytes:
        return self._file.readline()


def _check_lengths(file: BinaryIO) -> None:
    """Raise `UnsafePickleError` if a part claims more bytes or memo slots than the file can have.

    The unpickler would allocate all of it before reading.
    """
    bounded = _BoundedFile(file)
    try:
        operations = pickletools.genops(bounded)  # type: ignore[arg-type]  # all that it calls
        for operation, value, _ in operations:
            claimed = value if isinstance(value, int) else 0
            if operation.name == "FRAME" and claimed > bounded.left:
                raise EOFError(f"claims a frame of {claimed} bytes where it has {bounded.left}")
            if operation.name.endswith("PUT") and claimed > bounded.size:
                raise EOFError(f"claims to remember {claimed} values in {bounded.size} bytes")
    except _MALFORMED as error:
        raise UnsafePickleError(f"is no readable pickle: {error}") from error
    file.seek(0)


def _load(reader: Callable[[BinaryIO], pickle.Unpickler], file: BinaryIO) -> Any:
    try:
        return reader(file).load()
    except UnsafePickleError:
        raise
    except NotNumericError as error:
        raise UnsafePickleError(str(error)) from error
    except _MALFORMED as error:
        raise UnsafePickleError(f"is no readable pickle: {error}") from error
