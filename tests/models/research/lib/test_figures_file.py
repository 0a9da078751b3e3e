from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

import pytest

from models.research.lib.figures_file import read_figures

if TYPE_CHECKING:
    from pathlib import Path


def test_figures_of_an_earlier_run_are_read(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"ms": 1.5}')
    assert read_figures(str(tmp_path / "figures.json")) == {"ms": 1.5}


def test_a_file_that_holds_none_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Performance\n")
    for path in (tmp_path, tmp_path / "none.json", tmp_path / "page.md"):
        with pytest.raises(ArgumentTypeError) as refused:
            read_figures(str(path))
        [line] = str(refused.value).splitlines()
        assert line.startswith(f"figures '{path}' cannot be read (")
        assert line.endswith("; expected the JSON file of an earlier run")
