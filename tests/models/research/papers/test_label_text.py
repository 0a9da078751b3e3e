from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from models.research.papers import label_text
from models.research.papers.label_text import LabelText, cluster_activities, embed_labels
from models.research.papers.text_table import TextTable, TextTableError, read_table, write_table
from tests.models.research.papers.pretrained import small_files
from tests.models.research.papers.pretrained.byte_pairs import MERGES, vocabulary
from tests.models.research.papers.synthetic import published

if TYPE_CHECKING:
    from pathlib import Path


def test_shipped_names_need_nothing() -> None:
    found = embed_labels(["Eating", "Cooking"])
    torch.testing.assert_close(found.table, read_table().lookup(["Eating", "Cooking"]))
    assert found.meaningful


def test_a_table_or_a_text_encoder_that_is_named_is_used(tmp_path: Path) -> None:
    write_table(TextTable(("kitchen",), torch.eye(4)[:1]), tmp_path / "t.safetensors")
    assert embed_labels(["kitchen"], tmp_path / "t.safetensors").table.tolist() == [[1, 0, 0, 0]]
    with pytest.raises(TextTableError, match="'bathroom' has no text embedding"):
        embed_labels(["bathroom"], tmp_path / "t.safetensors")
    torch.save(small_files.imagebind(512 + len(MERGES) + 2), tmp_path / "x.pth")
    vocabulary(tmp_path)
    found = embed_labels(["kitchen"], encoder=f"imagebind-text:{tmp_path / 'x.pth'}")
    assert (found.table.shape, found.source) == ((1, 32), "ImageBind's text encoder")


def test_without_any_a_label_has_a_direction_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise label_text.SentenceEncoderError("none")

    monkeypatch.setattr(label_text, "SentenceEncoder", none)
    found = embed_labels(["kitchen", "bathroom"])
    assert not found.meaningful
    assert "without meaning" in found.source
    assert abs(float(found.table[0] @ found.table[1])) < 0.3
    torch.testing.assert_close(embed_labels(["bathroom"]).table[0], found.table[1])


def test_activities_join_by_meaning_under_their_most_frequent_name() -> None:
    data = published()
    frequent = torch.bincount(data.moments.activity)
    text = LabelText(torch.tensor([[1.0, 0], [0.9, 0.1], [0, 1.0], [0.1, 0.9]]), "made")
    joined = cluster_activities(data, text, 2, 0)
    assert set(joined.activities) == {
        data.activities[int(frequent[:2].argmax())],
        data.activities[2 + int(frequent[2:].argmax())],
    }
    same = joined.moments.activity[:, None] == joined.moments.activity[None]
    halves = data.moments.activity // 2
    assert (same == (halves[:, None] == halves[None])).all()
    assert cluster_activities(data, text, 4, 0) is data
    with pytest.raises(TextTableError, match="have no text embeddings to cluster by"):
        cluster_activities(data, replace(text, meaningful=False), 2, 0)
