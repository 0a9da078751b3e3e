"""Sections of a Markdown page that separate commands write, each below a heading of level two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

_BEFORE_HEADING = re.compile(r"(?m)^(?=## )")


def sections(page: str) -> dict[str, str]:
    """Return a page's sections by their headings ("## Sizes"), which they begin with."""
    parts = [part.rstrip() for part in _BEFORE_HEADING.split(page)[1:]]
    return {part.partition("\n")[0]: part for part in parts}


def with_section(page: str, text: str) -> str:
    """Return a page with the section of `text`'s heading replaced, or put at its end."""
    lead = _BEFORE_HEADING.split(page)[0].rstrip()
    parts = sections(page) | sections(text)
    return "\n\n".join([lead, *parts.values()]) + "\n"


def put_section(path: Path, text: str) -> None:
    """Replace the section of `text`'s heading in a page's file, which is made where there is none.

    Raises `OSError` if it cannot be read or written.
    """
    page = path.read_text("utf-8") if path.is_file() else ""
    write_atomically(path, with_section(page, text))
