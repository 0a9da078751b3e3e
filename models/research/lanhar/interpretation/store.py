"""Interpretations of a file of windows as JSON lines, with the identity of their windows."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lib.errors import ResearchError
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.research.lanhar.interpretation.windows import Windows


class InterpretationsError(ResearchError):
    """A file does not have the interpretations of these windows."""


def fingerprint(windows: Windows) -> str:
    """Return a SHA-256 of the windows' values and order."""
    return hashlib.sha256(np.ascontiguousarray(windows.data).tobytes()).hexdigest()


def write(path: Path, windows: Windows, interpretations: Sequence[Interpretation | None]) -> None:
    """Write a header line and one line for each window that has an interpretation."""
    head = {"windows": len(windows), "sha256": fingerprint(windows), "name": windows.name}
    lines = [json.dumps(head)]
    for index, one in enumerate(interpretations):
        if one is not None:
            body = one.model_dump(mode="json")
            lines.append(json.dumps({"index": index, **body}, ensure_ascii=False))
    write_atomically(path, "\n".join(lines) + "\n")


def read(path: Path, windows: Windows) -> list[Interpretation | None]:
    """Read a file of `write`, in the windows' order; None for windows without an interpretation.

    Raises `InterpretationsError` naming the file if it is of other windows or has an invalid line.
    """
    try:
        # An endpoint's words may hold other characters that end a line for `splitlines`.
        head, *lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
        about = json.loads(head)
    except (OSError, ValueError) as error:
        raise InterpretationsError(
            f"interpretations {str(path)!r} cannot be read: {error}"
        ) from error
    if not isinstance(about, dict) or about.get("sha256") != fingerprint(windows):
        raise InterpretationsError(
            f"interpretations {str(path)!r} are not of the {len(windows)} windows of "
            f"{windows.name!r}; run python -m models.research.lanhar.interpretation on them"
        )
    interpretations: list[Interpretation | None] = [None] * len(windows)
    for number, line in enumerate(lines, 2):
        try:
            content = json.loads(line)
            index = content.pop("index")
            if index < 0:
                raise IndexError(f"index is {index}; expected 0 or more")
            interpretations[index] = Interpretation.model_validate(content)
        except (
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            AttributeError,
            ValidationError,
        ) as error:
            raise InterpretationsError(
                f"interpretations {str(path)!r}: line {number} holds none: {str(error)[:120]}"
            ) from error
    return interpretations
