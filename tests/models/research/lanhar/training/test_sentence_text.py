from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.research.lanhar.training import sentence_text
from models.research.lanhar.training.sentence_text import SentenceText

if TYPE_CHECKING:
    from collections.abc import Sequence


class Lengths:
    """A sentence encoder that embeds a text by its length alone."""

    def __init__(self, model: str | None) -> None:
        self.model = model

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.tensor([[len(text), 1.0, 2.0] for text in texts])


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> SentenceText:
    monkeypatch.setattr(sentence_text, "SentenceEncoder", Lengths)
    torch.manual_seed(0)
    return SentenceText("lengths").eval()


def test_texts_become_unit_vectors_of_their_sentence_embeddings(encoder: SentenceText) -> None:
    vectors = encoder.encode(["rest", "walk quickly", "wait"])
    assert vectors.shape == (3, 128)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))
    assert torch.equal(vectors[0], vectors[2])
    assert not torch.equal(vectors[0], vectors[1])


def test_the_projection_is_trained_and_the_sentence_encoder_is_not(encoder: SentenceText) -> None:
    assert {name.split(".")[0] for name, _ in encoder.named_parameters()} == {"project"}
