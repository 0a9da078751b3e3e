from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.research.lanhar.datasets.__main__ import READERS, main
from models.research.lanhar.interpretation.windows import read_npz
from tests.models.research.lanhar.datasets import published

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_published_data_set_becomes_a_file_of_windows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = published.motionsense(tmp_path / "in", "ups_3", 4, 13.0)
    path.write_text(path.read_text(encoding="utf-8") + "x,y\n", encoding="utf-8")
    out = tmp_path / "out" / "motionsense_20hz.npz"
    assert main(["motionsense", str(tmp_path / "in"), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("wrote 2 windows")
    assert "1 row left out: sub_4.csv" in said.err
    windows = read_npz(out)
    assert windows.label.tolist() == ["going upstairs"] * 2
    assert windows.device.tolist() == ["iPhone 6s"] * 2
    assert np.abs(windows.data[:, :, 1].mean() - 9.81) < 0.2


def test_what_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pamap2", str(tmp_path), "--out", str(tmp_path / "a.npz")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "a.npz").exists()


def test_every_data_set_of_the_paper_has_a_reader() -> None:
    assert set(READERS) == {"uci_har", "hapt", "hhar", "motionsense", "shoaib", "pamap2"}
