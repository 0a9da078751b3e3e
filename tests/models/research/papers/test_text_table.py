from pathlib import Path

import pytest
import torch

from models.labels import SCENARIOS
from models.research.papers.text_table import (
    SHIPPED,
    TextTable,
    TextTableError,
    read_table,
    write_table,
)


def test_the_shipped_table_is_the_scenarios_as_unit_vectors() -> None:
    table = read_table()
    assert table.names == SCENARIOS
    torch.testing.assert_close(table.table.norm(dim=1), torch.ones(len(SCENARIOS)))


def test_added_names_come_last_are_unit_vectors_and_survive_the_file(tmp_path: Path) -> None:
    table = read_table()
    more = table.with_names(["ironing clothes"], torch.full((1, 384), 3.0))
    write_table(more, tmp_path / "sub" / "t.safetensors")
    again = read_table(tmp_path / "sub" / "t.safetensors")
    assert again.names == (*SCENARIOS, "ironing clothes")
    torch.testing.assert_close(again.table, more.table)
    assert float(again.lookup(["ironing clothes"]).norm()) == pytest.approx(1.0)
    assert again.without_names(["ironing clothes"]).names == SCENARIOS


def test_a_name_added_again_is_replaced() -> None:
    table = TextTable(("a", "b"), torch.eye(2))
    again = table.with_names(["a"], torch.tensor([[0.0, 2.0]]))
    assert again.names == ("b", "a")
    assert again.lookup(["a"]).tolist() == [[0.0, 1.0]]


def test_an_unknown_name_is_refused_with_how_to_add_it() -> None:
    with pytest.raises(
        TextTableError, match=r"python -m models\.research\.papers\.names add 'flying'"
    ):
        read_table().lookup(["flying"])
    with pytest.raises(TextTableError, match="'flying'"):
        read_table().without_names(["flying"])


def test_the_shipped_file_is_never_overwritten() -> None:
    before = SHIPPED.read_bytes()
    with pytest.raises(TextTableError, match="expected another --out file"):
        write_table(read_table(), SHIPPED)
    assert SHIPPED.read_bytes() == before


def test_an_absent_or_damaged_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(TextTableError, match="does not exist"):
        read_table(tmp_path / "none.safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"junk")
    with pytest.raises(TextTableError, match="cannot be read"):
        read_table(tmp_path / "x.safetensors")


def test_names_and_vectors_must_match() -> None:
    with pytest.raises(TextTableError, match="for 1 names"):
        TextTable(("a",), torch.eye(2))
    with pytest.raises(TextTableError, match="'a' twice"):
        TextTable(("a", "a"), torch.eye(2))
