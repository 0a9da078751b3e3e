from __future__ import annotations

from typing import TYPE_CHECKING

from streams.commands.tables import table

if TYPE_CHECKING:
    import pytest


def test_columns_are_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    table(("device", "state"), [("a", "active"), ("glasses-01", "paused")], empty="none")
    shown = capsys.readouterr()
    assert shown.out == "device     state\na          active\nglasses-01 paused\n"
    assert shown.err == ""


def test_an_empty_table_says_so_beside_what_programs_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table(("message", "reason"), [], empty="no dead letters")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("message reason\n", "no dead letters\n")
