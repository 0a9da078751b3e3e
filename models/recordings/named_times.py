"""Times in the names of files: `YYYY-mm-ddTHH-MM-SS[.mmm]Z`, to the nanosecond at most."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)(?:\.(\d{1,9}))?Z$")


def named_ns(path: Path) -> int | None:
    """Return the time in a file's name, ns since 1970; None if it has none."""
    match = _TIME.match(path.stem)
    if match is None:
        return None
    try:
        second = datetime.strptime(match[1], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(second.timestamp()) * NS + int((match[2] or "0").ljust(9, "0"))


def name_of(time_ns: int) -> str:
    """Return a time as the name of a file, which `named_ns` reads as the same time."""
    seconds, rest_ns = divmod(time_ns, NS)
    fraction = f".{rest_ns:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H-%M-%S}{fraction}Z"
