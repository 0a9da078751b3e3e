"""Clocks that run on through files which are each named by their own start.

A logger that begins a new file every minute may count from its own start in all of them. Then a
file's rows are on by as much as its name is later, and counting them from the name would count
that time twice.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from models.recordings.imports.timeline import MAX_LEAD_NS
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

_SLACK_NS = 2 * NS  # names are of whole seconds, and files begin a little late

FileT = TypeVar("FileT", bound="Hashable")


def running_clocks(files: Mapping[FileT, tuple[int, int]]) -> dict[FileT, int]:
    """Return when the clock of a file began, ns, for files through which one runs on.

    `files` have the time in their name, and that of their first row on the file's clock, both ns.
    """
    ordered = sorted(files, key=lambda file: files[file])
    zeros = {file: named_ns - first_ns for file, (named_ns, first_ns) in files.items()}
    borders = [
        at
        for at, (before, file) in enumerate(pairwise(ordered), 1)
        if abs(zeros[file] - zeros[before]) > _SLACK_NS
    ]
    began: dict[FileT, int] = {}
    for first, last in pairwise([0, *borders, len(ordered)] if ordered else []):
        named_ns, first_ns = files[ordered[first]]
        if files[ordered[last - 1]][1] - first_ns > 2 * _SLACK_NS:
            zero_ns = named_ns - first_ns if first_ns > MAX_LEAD_NS else named_ns
            began |= dict.fromkeys(ordered[first:last], zero_ns)
    return began
