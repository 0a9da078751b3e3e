"""Sound files whose recorder lost power: headers are repaired while reading, files unchanged."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_UNKNOWN_SIZE = 0xFFFF_FFFF  # libsndfile then reads to the end of the file
# Programs that do not know the size yet write one of the largest.
_NO_LENGTH_FROM = 0x7FFF_0000
_PAGE_MAX = 65_307  # bytes of an Ogg page
_SEARCHED = 4 * _PAGE_MAX


def repair(path: Path) -> io.RawIOBase | None:
    """Return a truncated WAV or Ogg file as if it had been closed, None if it is beyond repair."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
                place = _empty_data(file, size)
                patches = {} if place is None else {4: _UNKNOWN_SIZE, place: _UNKNOWN_SIZE}
                return _PatchedFile(path, patches, size) if patches else None
            if head[:4] == b"OggS":
                end = _last_page_end(file, size)
                return _PatchedFile(path, {}, end) if end is not None and end < size else None
    except OSError:
        return None
    return None


def stated_share(path: Path) -> float:
    """Return how much longer a WAV says that it is than it is, as a factor; 1 if it ends well.

    What streams, or is still recorded, states no length.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
                return 1.0
            place, length = _data(file, size) or (0, 0)
    except (OSError, struct.error):
        return 1.0
    there = size - place - 8
    return length / there if place and there < length < _NO_LENGTH_FROM else 1.0


def _empty_data(file: BinaryIO, size: int) -> int | None:
    """Return the position of a data chunk's size that is 0 although data follows."""
    place, length = _data(file, size) or (0, 1)
    return place + 4 if length == 0 else None


def _data(file: BinaryIO, size: int) -> tuple[int, int] | None:
    """Return the position of a WAV's data chunk and the size that it states."""
    place = 12
    while place + 8 < size:
        file.seek(place)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return place, length
        place += 8 + length + length % 2
    return None


def _last_page_end(file: BinaryIO, size: int) -> int | None:
    begin = max(0, size - _SEARCHED)
    file.seek(begin)
    tail = file.read()
    at = len(tail)
    while (at := tail.rfind(b"OggS", 0, at)) >= 0:
        if at + 27 > len(tail):
            continue
        segments = tail[at + 26]
        lengths = tail[at + 27 : at + 27 + segments]
        end = at + 27 + segments + sum(lengths)
        if len(lengths) == segments and end <= len(tail):
            return begin + end
    return None


class _PatchedFile(io.RawIOBase):
    """A file of `size` bytes with four bytes replaced at each position of `patches`."""

    def __init__(self, path: Path, patches: dict[int, int], size: int) -> None:
        self._file = path.open("rb")
        self._patches, self._size = patches, size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._file.tell(), io.SEEK_END: self._size}[whence]
        return self._file.seek(max(base + offset, 0))

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        begin = self._file.tell()
        count = max(min(len(buffer), self._size - begin), 0)
        data = bytearray(self._file.read(count))
        for place, value in self._patches.items():
            for index, byte in enumerate(struct.pack("<I", value), place - begin):
                if 0 <= index < len(data):
                    data[index] = byte
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
