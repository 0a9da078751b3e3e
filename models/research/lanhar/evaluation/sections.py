"""Sections of docs/LANHAR.md that commands of their own write, each between its two marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def marked(name: str, body: str) -> str:
    """Return a section's text between its marks."""
    return f"{_begin(name)}\n\n{body}\n\n{_end(name)}"


def section_of(path: Path, name: str) -> str | None:
    """Return the section that a page has, its marks included, None where it has none."""
    _, begin, rest = _read(path).partition(_begin(name))
    return f"{begin}{rest.partition(_end(name))[0]}{_end(name)}" if begin else None


def put_last(body: str, path: Path, name: str) -> None:
    """Put a section where the former one is in a page, or at its end."""
    text = _read(path) or "# LanHAR\n"
    before, begin, rest = text.partition(_begin(name))
    after = rest.partition(_end(name))[2] if begin else ""
    section = marked(name, body)
    tail = f"\n\n{after.lstrip()}" if after.strip() else "\n"
    path.write_text(f"{before.rstrip()}\n\n{section}{tail}", "utf-8")


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _begin(name: str) -> str:
    return f"<!-- {name} -->"


def _end(name: str) -> str:
    return f"<!-- /{name} -->"
