"""A cache of an endpoint's answers on disk, by question."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Answers:
    """One file per answer, named by the SHA-256 of model, form and messages."""

    folder: Path

    def key(self, model: str, form: str, messages: Sequence[dict[str, str]]) -> str:
        """Return the name of the answer to a question."""
        asked = json.dumps([model, form, list(messages)], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()

    def find(self, key: str) -> str | None:
        """Return a cached answer; a file truncated by a crash counts as none."""
        try:
            content: Any = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        answer = content.get("answer") if isinstance(content, dict) else None
        return answer if isinstance(answer, str) else None

    def keep(self, key: str, model: str, answer: str, tokens: tuple[int, int]) -> None:
        """Cache an answer; the file is written atomically."""
        content = {
            "model": model,
            "answer": answer,
            "tokens_in": tokens[0],
            "tokens_out": tokens[1],
        }
        write_atomically(self._path(key), json.dumps(content, ensure_ascii=False))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
