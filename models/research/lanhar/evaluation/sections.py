"""Sections of docs/LANHAR.md that separate commands write, each between two markers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

_TITLE = "# LanHAR\n"


def marked(name: str, body: str) -> str:
    """Return a section's text between its marks."""
    return f"{_begin(name)}\n\n{body}\n\n{_end(name)}"


def section_of(path: Path, name: str) -> str | None:
    """Return the section that a page has, its marks included, None where it has none."""
    _, begin, rest = _read(path).partition(_begin(name))
    return f"{begin}{rest.partition(_end(name))[0]}{_end(name)}" if begin else None


def lead_and_section_of(path: Path, name: str) -> str | None:
    """Return the section that a page has and what stands between the page's title and it."""
    before, begin, _ = _read(path).partition(_begin(name))
    lead = before.partition("\n")[2].lstrip()
    return f"{lead}{section_of(path, name)}" if begin else None


def put_first(body: str, path: Path, name: str) -> None:
    """Put a section where the former one is in a page, or behind its title."""
    text = _read(path) or _TITLE
    before, begin, rest = text.partition(_begin(name))
    if begin:
        after = rest.partition(_end(name))[2]
    else:
        title, _, after = text.partition("\n")
        before = f"{title}\n\n"
    write_atomically(path, f"{before}{marked(name, body)}\n\n{after.lstrip()}")


def put_last(body: str, path: Path, name: str) -> None:
    """Put a section where the former one is in a page, or at its end."""
    text = _read(path) or _TITLE
    before, begin, rest = text.partition(_begin(name))
    after = rest.partition(_end(name))[2] if begin else ""
    section = marked(name, body)
    tail = f"\n\n{after.lstrip()}" if after.strip() else "\n"
    write_atomically(path, f"{before.rstrip()}\n\n{section}{tail}")


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _begin(name: str) -> str:
    return f"<!-- {name} -->"


def _end(name: str) -> str:
    return f"<!-- /{name} -->"
