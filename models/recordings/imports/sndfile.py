"""Sound through libsndfile, including formats without seeking and truncated files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from models.recordings.imports.cut_files import repair, stated_share
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_COUNT_FRAMES = 1 << 16
# Their headers state a length that a truncated file does not have.
_COMPRESSED = ("FLAC", "OGG", "MP3")


class SndFile:
    """One file of float samples in [-1, 1]. Raises `RecordingError` with the reason.

    `stated` samples are those that its header states, of which `frames` are there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None
        self._at = 0
        self._mended = False
        file = self._open()
        self.rate, self.channels, self.frames = file.samplerate, file.channels, file.frames
        if not self.frames and (mend := repair(path)) is not None:
            mend.close()
            self._mended = True
            self.frames = self._reopen().frames
        self.stated = self.frames
        if self.frames and file.format in _COMPRESSED and not self._ends_well():
            self.frames = self._count()
        elif not self._mended:
            self.stated = round(self.frames * stated_share(path))
        self._close()

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        """Return samples [first, last) of all channels, fewer if the file breaks off."""
        if self._file is None:
            self._reopen()
        try:
            if self._at != first:
                self._go(first)
            wave = self._file.read(last - first, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, OSError) as error:
            self._close()
            raise RecordingError(_reason(error, self._path)) from error
        self._at += len(wave)
        if last >= self.frames:
            self._close()  # a day of segments must not hold a file handle each
        return np.asarray(wave, np.float32)

    def _open(self) -> Any:
        try:
            self._file = soundfile.SoundFile(repair(self._path) if self._mended else self._path)
        except (soundfile.LibsndfileError, OSError, TypeError) as error:
            mend = None if self._mended else repair(self._path)
            if mend is None:
                raise RecordingError(_reason(error, self._path)) from error
            try:
                self._file = soundfile.SoundFile(mend)
            except soundfile.LibsndfileError:
                raise RecordingError(_reason(error, self._path)) from error
            self._mended = True
        self._at = 0
        return self._file

    def _reopen(self) -> Any:
        self._close()
        return self._open()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _go(self, frame: int) -> None:
        if self._file.seekable():
            self._at = self._file.seek(frame)
            return
        if frame < self._at:
            self._reopen()
        while self._at < frame:
            count = len(self._file.read(min(frame - self._at, _COUNT_FRAMES), dtype="float32"))
            if not count:
                break
            self._at += count

    def _ends_well(self) -> bool:
        first = max(0, self.frames - self.rate // 10)
        try:
            self._go(first)
            return bool(len(self._file.read(dtype="float32")) == self.frames - first)
        except (soundfile.LibsndfileError, OSError):
            return False

    def _count(self) -> int:
        """Return the number of readable samples, by reading them."""
        file, count, step = self._reopen(), 0, _COUNT_FRAMES
        while step:
            try:
                frames_read = len(file.read(step, dtype="float32"))
            except (soundfile.LibsndfileError, OSError):
                # The position of the break is refined in smaller steps.
                step //= 4
                file = self._reopen()
                try:
                    self._go(count)
                except (soundfile.LibsndfileError, OSError):
                    # Seeking to the break does not work either.
                    break
                continue
            if not frames_read:
                break
            count += frames_read
        return count


def _reason(error: Exception, path: Path) -> str:
    text = str(error).replace(f"Error opening {str(path)!r}: ", "").strip()
    return f"cannot be read as sound: {text[:1].lower()}{text[1:].rstrip('.')}"
