"""Rules of the errors of LanHAR's commands."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from models.research.lanhar.error_lines import one_line_errors
from schemas.extras import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.mark.parametrize(
    "command",
    [
        "evaluation.leave_one_out --runs RUNS",
        "evaluation.positions",
        "evaluation.results --runs RUNS --workers 1 --out RUNS/page.md",
        "training.__main__",
        "training.kept",
        "training.last_layers",
        "training.position",
        "training.position_readout",
        "training.train_on",
        "training.withheld",
    ],
)
def test_a_folder_without_data_sets_is_one_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module, *others = command.replace("RUNS", str(tmp_path / "runs")).split()
    main = import_module(f"models.research.lanhar.{module}").main
    assert main(["--data", str(tmp_path / "no_data"), *others]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no_data" in said


def test_a_folder_without_weights_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = import_module("models.research.lanhar.phone").main
    assert main(["--weights", str(tmp_path), "--out", str(tmp_path / "a.onnx")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_error_of_several_lines_becomes_one(capsys: pytest.CaptureFixture[str]) -> None:
    @one_line_errors
    def main(arguments: Sequence[str] | None = None) -> int:
        raise MissingExtraError("needs x;\n  install it")

    assert main() == 1
    assert capsys.readouterr().err == "needs x; install it\n"


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    @one_line_errors
    def main(arguments: Sequence[str] | None = None) -> int:
        raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        main()
