"""Backing off in a crash loop, so that others have the partitions of a worker that is in one.

A worker that is started again within its session has its partitions again at once. One that then
ends at once has them again and again, and nobody does their work. So after some such ends in a row
it stays out of its group for longer than its session, and the others have them meanwhile.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from infra import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

_IN_A_ROW = 3
# A start that follows a join within as many sessions follows an end that was too soon. One session
# would miss those whose start takes most of it.
_SOON_SESSIONS = 2.0
_BACKOFF_MAX_S = 60.0


def stays_out(how_long: str) -> str:
    """Return in one line that a worker stays out of its group for so long, and why."""
    return (
        "this worker ended soon after each of its last starts: it stays out of the group for "
        f"{how_long}, and others have its partitions"
    )


class CrashLoop:
    """Counts, in a file, the lives in a row that ended soon after they had joined."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._out_until_s: float | None = None

    def backoff_s(self, session_s: float) -> float:
        """Return how long this life should stay out of the group, s: longer after each short one.

        0 unless `_IN_A_ROW` ended soon. To be asked once, at the start.
        """
        count, joined_s = self._read()
        self._count = count if 0.0 <= clock.now_s() - joined_s < _SOON_SESSIONS * session_s else 0
        if self._count < _IN_A_ROW:
            return 0.0
        further = self._count - _IN_A_ROW
        return float(min(_SOON_SESSIONS * session_s * 2.0**further, _BACKOFF_MAX_S))

    @contextmanager
    def staying_out(self, seconds: float) -> Iterator[None]:
        """Have `problem` say so while a worker stays out of its group for so long, s."""
        self._out_until_s = clock.now_s() + seconds
        try:
            yield
        finally:
            self._out_until_s = None

    def problem(self) -> str | None:
        """Return in one line that the worker stays out of its group, None while it does not."""
        until_s = self._out_until_s
        if until_s is None:
            return None
        return stays_out(f"another {max(0.0, until_s - clock.now_s()):.0f} s")

    def note_join(self) -> None:
        """Take note that this life joins its group."""
        try:
            self._path.write_text(f"{self._count + 1} {clock.now_s():.3f}", encoding="ascii")
        except OSError as error:
            # Its place in the group is in this folder, too, and says what that costs.
            log.debug("%s cannot be written: %s", self._path, error)

    def forget(self) -> None:
        """Take note that this life was ended on purpose."""
        with suppress(OSError):
            self._path.unlink()

    def _read(self) -> tuple[int, float]:
        try:
            count, joined_s = self._path.read_text(encoding="ascii").split()
            return int(count), float(joined_s)
        except (OSError, ValueError):
            return 0, 0.0
