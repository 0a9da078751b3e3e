from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from bench.gpu.__main__ import main
from bench.serving import STEPS
from models.serving.graph_functions import GRAPH_FUNCTIONS

if TYPE_CHECKING:
    from pathlib import Path


def test_every_network_of_a_gpu_is_measured_and_written_into_the_page(tmp_path: Path) -> None:
    assert {name for _, name, _, _ in STEPS} == set(GRAPH_FUNCTIONS)
    figures, page = tmp_path / "gpu.json", tmp_path / "page.md"
    page.write_text("# Performance\n\n## Sizes\n\nsmall\n")
    few = ["--batches", "2", "--wearers", "1", "--device", "cpu"]
    assert main([*few, "--json", str(figures), "--page", str(page)]) == 0
    found = json.loads(figures.read_text())
    assert set(found["networks"]) == {label for label, *_ in STEPS}
    for each in found["networks"].values():
        assert each["batches"]["2"]["wearers"] > 0
        assert each["batches"]["2"]["share_of_bound"] > 0
        assert each["cpu"]["wearers"] > 0
    assert [each["by"] for each in found["wearers"]] == [
        "GPU",
        "one core, float32",
        "one core, sound in int8",
    ]
    # A wearer's 30 seconds, 6 activities and a scenario.
    assert found["difference"]["windows"] == 37
    assert found["difference"]["largest"] <= 2e-4
    text = page.read_text()
    assert "## Sizes\n\nsmall" in text
    assert text.index("## On a GPU") < text.index("| activity, fusion |")
    again = tmp_path / "again.md"
    assert main(["--from", str(figures), "--page", str(again)]) == 0
    assert again.read_text().strip() == text[text.index("## On a GPU") :].strip()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_machine_without_a_gpu_is_an_error_of_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: device is 'cuda', and torch ")


@pytest.mark.parametrize("option", ["--json", "--page"])
def test_an_output_that_cannot_be_written_is_refused_before_the_measurement(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.gpu.__main__.measure", lambda *_: pytest.fail("measured"))
    with pytest.raises(SystemExit) as ended:
        main([option, str(tmp_path)])
    assert ended.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.endswith(
        f"argument {option}: output file is {str(tmp_path)!r}, a folder; expected the path of a "
        "file"
    )
