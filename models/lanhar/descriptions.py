"""Descriptions of activities: the interpretations of labels (LanHAR §3.3.2).

`activities/NAME.txt` holds an activity's descriptions: a first line `# name`, then blocks separated
by empty lines, each of three lines: `General:`, `Sensors:` and `Body:`. They were written by hand
in the vocabulary of `models.research.lanhar.interpretation.patterns`; `python -m
models.research.lanhar.interpretation.describe` generates them with a language model.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.lanhar.activity_names import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

SHIPPED = Path(__file__).parent / "activities"
MIN_DESCRIPTIONS = 5
"""Least number of descriptions per activity: the comparisons of §3.4.3 need several."""
ASPECTS = ("General", "Sensors", "Body")


class DescriptionError(ValueError):
    """An activity has no description, or its file is invalid."""


@dataclass(frozen=True)
class Description:
    """One description: an overview, what the sensors detect, and the parts of the body involved."""

    general: str
    sensors: str
    body: str

    def text(self) -> str:
        """Return the three aspects as one paragraph."""
        return f"{self.general} {self.sensors} {self.body}"


def labels(folder: Path = SHIPPED) -> tuple[str, ...]:
    """Return the names of the described activities, sorted."""
    return tuple(sorted(_names(folder)))


def describe(label: str, folder: Path = SHIPPED) -> list[str]:
    """Return an activity's descriptions, each with all three aspects.

    `label` may be a data set's own name. Raises `DescriptionError` with the nearest known names.
    """
    return [description.text() for description in describe_by_aspect(label, folder)]


def describe_by_aspect(label: str, folder: Path = SHIPPED) -> list[Description]:
    """Return an activity's descriptions by aspect; raises as `describe`."""
    names = _names(folder)
    path = names.get(canonical(label)) or names.get(label)
    if path is None:
        near = difflib.get_close_matches(label, names, n=3, cutoff=0.4) or sorted(names)[:5]
        raise DescriptionError(
            f"activity {label!r} has no description in {str(folder)!r}; near it are "
            f"{', '.join(near) or 'none'}"
        )
    return list(read_descriptions(path)[1])


@cache
def _names(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DescriptionError(f"folder of descriptions {str(folder)!r} does not exist")
    return {read_descriptions(path)[0]: path for path in sorted(folder.glob("*.txt"))}


@cache
def read_descriptions(path: Path) -> tuple[str, tuple[Description, ...]]:
    """Return a file's activity and descriptions; raises `DescriptionError` with the block."""
    try:
        head, *blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DescriptionError(f"descriptions {str(path)!r} cannot be read: {error}") from error
    name = head.removeprefix("# ").strip()
    if not head.startswith("# ") or not name or "\n" in name:
        raise DescriptionError(f"descriptions {str(path)!r} begin with {head!r}; expected '# name'")
    descriptions = []
    for number, block in enumerate(filter(str.strip, blocks), 1):
        parts = [line.partition(":") for line in block.strip().splitlines()]
        if tuple(part[0] for part in parts) != ASPECTS or not all(p[2].strip() for p in parts):
            raise DescriptionError(
                f"descriptions {str(path)!r}: block {number} has lines "
                f"{[part[0][:20] for part in parts]}; expected {', '.join(ASPECTS)}, each with text"
            )
        descriptions.append(Description(*(" ".join(part[2].split()) for part in parts)))
    if not descriptions:
        raise DescriptionError(
            f"descriptions {str(path)!r} hold none; expected {MIN_DESCRIPTIONS} or more"
        )
    return name, tuple(descriptions)


def write(folder: Path, label: str, descriptions: Sequence[Description]) -> Path:
    """Write an activity's descriptions into `folder` and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file_name(label)}.txt"
    blocks = [
        "\n".join(
            f"{aspect}: {' '.join(text.split())}"
            for aspect, text in zip(ASPECTS, (d.general, d.sensors, d.body), strict=True)
        )
        for d in descriptions
    ]
    path.write_text("\n\n".join([f"# {label}", *blocks]) + "\n", encoding="utf-8")
    _names.cache_clear()
    read_descriptions.cache_clear()
    return path


def file_name(label: str) -> str:
    """Return the stem of an activity's file name, its words in lower case."""
    words = "".join(c if c.isalnum() else " " for c in label.lower()).split()
    if not words:
        raise DescriptionError(f"activity {label!r} holds no letter; expected a name")
    return "_".join(words)
