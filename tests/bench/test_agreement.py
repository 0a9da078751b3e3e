from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from bench.agreement import main

if TYPE_CHECKING:
    from pathlib import Path


def test_what_serves_says_what_was_trained_does(tmp_path: Path) -> None:
    out = tmp_path / "new" / "agreement.json"
    assert main(["simulated:1:0.6", "--json", str(out)]) == 0
    figures = json.loads(out.read_text())
    assert set(figures) >= {"regions", "activities", "descriptions (LanHAR)", "scenarios", "motion"}
    for each in figures.values():
        assert each["windows"] > 0
        assert each["largest"] < 0.001
        assert each["other_label"] == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_machine_without_a_gpu_is_an_error_of_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulated:1:0.6", "--device", "cuda"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: device is 'cuda', and torch ")
