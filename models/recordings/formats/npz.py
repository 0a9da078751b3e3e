"""Untrusted archives of arrays (.npz), with a size limit checked before unpacking."""

from __future__ import annotations

import errno
import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Ten times the largest data set that a reader here knows.
MAX_UNPACKED_BYTES = 500_000_000


@contextmanager
def open_npz(path: Path, max_bytes: int = MAX_UNPACKED_BYTES) -> Iterator[NpzFile]:
    """Open an archive whose arrays are at most `max_bytes` together.

    Raises `ValueError` if it is larger, not an archive, or damaged, also while its arrays are read.
    An array cannot exceed the size given in the directory, because zip stops reading there.
    """
    # Opened here, because numpy does not close a file that is not an archive.
    with path.open("rb") as file, _refusals():
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, NpzFile):
            raise ValueError("is one array; expected an archive of named ones")
        with archive:
            members = [] if archive.zip is None else archive.zip.infolist()
            size = sum(int(member.file_size) for member in members)
            if size > max_bytes:
                raise ValueError(f"unpacks to {size} bytes; expected at most {max_bytes}")
            yield archive


@contextmanager
def _refusals() -> Iterator[None]:
    """Translate the various errors of the libraries below to `ValueError`."""
    try:
        yield
    except ValueError as error:
        if "Object arrays" in str(error):
            raise ValueError("holds Python objects; expected arrays of numbers or text") from error
        if "allow_pickle" in str(error):
            raise ValueError("is no archive of arrays") from error
        raise
    except MemoryError as error:
        raise ValueError(f"claims an array without room for it: {error}") from error
    except (BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise ValueError(f"is damaged: {error}") from error
    except RuntimeError as error:
        # Encrypted, or packed by a method that zipfile does not know.
        raise ValueError(f"cannot be unpacked: {error}") from error
    except OSError as error:
        # A seek to where no file has anything.
        if error.errno == errno.EINVAL:
            raise ValueError("is damaged: it names a place outside of the file") from error
        raise
