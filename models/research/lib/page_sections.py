"""Sections of a Markdown page that separate commands write, each below a heading of level two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

_HEADING = "## "
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def lead(page: str) -> str:
    """Return what stands above a page's first section."""
    return _parts(page)[0]


def sections(page: str) -> dict[str, str]:
    """Return a page's sections by their headings ("## Sizes"), which they begin with.

    Sections with the same heading are one, in the place of the first.
    """
    found: dict[str, str] = {}
    for part in _parts(page)[1:]:
        heading = part.partition("\n")[0].rstrip()
        found[heading] = f"{found[heading]}\n\n{part}" if heading in found else part
    return found


def with_section(page: str, text: str, *, first: bool = False) -> str:
    """Return a page with the section of `text`'s heading replaced.

    A new one is put at the page's end, or `first` of its sections. Raises `ValueError` if `text`
    does not begin with a heading of level two.
    """
    if not text.startswith(_HEADING):
        raise ValueError(
            f"section begins with {text.partition(chr(10))[0]!r}; expected a heading as '## Sizes'"
        )
    before, new = sections(page), sections(text)
    added = {heading: part for heading, part in new.items() if heading not in before}
    together = added | before | new if first else before | new
    return "\n\n".join(part for part in (lead(page), *together.values()) if part) + "\n"


def put_section(path: Path, text: str, *, first: bool = False) -> None:
    """Write `with_section` of a page's file, which is made where there is none.

    Raises `OSError` if it cannot be read or written.
    """
    page = path.read_text("utf-8") if path.is_file() else ""
    write_atomically(path, with_section(page, text, first=first))


def _parts(page: str) -> list[str]:
    """Return the lead and each section; a line of a fenced block of code is no heading."""
    parts: list[list[str]] = [[]]
    fence = ""
    for line in page.split("\n"):
        if not fence and line.startswith(_HEADING):
            parts.append([])
        if match := _FENCE.match(line):
            mark, rest = match.groups()
            if not fence:
                # With more of them it is code within a line.
                fence = "" if "`" in rest else mark
            elif mark.startswith(fence) and not rest.strip():
                fence = ""
        parts[-1].append(line)
    return ["\n".join(part).strip() for part in parts]
