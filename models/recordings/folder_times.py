"""When a file of a folder begins, beside the one before it and `recording.json`."""

from __future__ import annotations

from models.recordings.folder_report import UnusableFileError
from schemas.event_time import iso
from schemas.frames import NS


def begin(start_ns: int, next_ns: int, *, first: bool) -> tuple[int, int]:
    """Return when a file begins, and how much of it lies before `next_ns`, both ns.

    `next_ns` is when the file before it ends, or the recording's start for the `first`: a name of
    whole seconds then leaves out the rest of that start's second. Raises `UnusableFileError` if the
    first file starts before the recording.
    """
    early_ns = max(0, next_ns - start_ns)
    if not first or not early_ns:
        return start_ns, early_ns
    if early_ns < NS and start_ns % NS == 0:
        return next_ns, 0
    raise UnusableFileError(
        f"starts {early_ns / NS:.3f} s before the start in recording.json, {iso(next_ns)}"
    )
