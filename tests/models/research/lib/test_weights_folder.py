from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import pytest

import models.research
from models.research.evaluation.__main__ import main
from models.research.lib.weights_folder import weights_folder
from models.serving.registry import WEIGHTS_DIR


def test_the_shipped_weights_are_such_a_folder() -> None:
    assert weights_folder(str(WEIGHTS_DIR)) == WEIGHTS_DIR


def test_a_folder_without_weights_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ArgumentTypeError, match=r"has no weights; expected files NAME.safetensors"):
        weights_folder(str(tmp_path))
    with pytest.raises(SystemExit, match="2"):
        main(["--weights", str(tmp_path / "none")])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(
        f"error: argument --weights: '{tmp_path}/none' is not a folder; expected one of weights"
    )


def test_every_command_that_takes_weights_refuses_such_a_folder() -> None:
    (root,) = models.research.__path__
    commands = [
        text for path in Path(root).rglob("*.py") if '"--weights"' in (text := path.read_text())
    ]
    assert len(commands) > 20
    assert all('"--weights", type=weights_folder' in " ".join(text.split()) for text in commands)
