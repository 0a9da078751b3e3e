from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

import pytest

import models.research
from models.egolog.har import HAR, Har, HarConfig
from models.research.evaluation.__main__ import main
from models.research.lib.weights_folder import add_weights_and_out, out_folder, weights_folder
from models.serving.registry import WEIGHTS_DIR
from tests.models import fresh


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


def test_weights_that_were_trained_with_others_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = fresh.registry(tmp_path)
    weights_folder(str(tmp_path))
    assert capsys.readouterr().err == ""
    registry.save(HAR, Har(HarConfig(seconds_width=96)))
    weights_folder(str(tmp_path))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: weights {tmp_path / 'familiarity.safetensors'} were trained")


@pytest.mark.parametrize("out", [None, "elsewhere"])
def test_what_is_made_of_weights_lies_beside_them_unless_told_otherwise(out: str | None) -> None:
    parser = ArgumentParser()
    add_weights_and_out(parser, "encoders")
    given = ["--weights", str(WEIGHTS_DIR), *([] if out is None else ["--out", out])]
    assert out_folder(parser.parse_args(given)) == (WEIGHTS_DIR if out is None else Path(out))
    assert out_folder(parser.parse_args([])) == WEIGHTS_DIR


def test_every_command_that_takes_weights_refuses_such_a_folder() -> None:
    (root,) = models.research.__path__
    texts = [path.read_text() for path in Path(root).rglob("*.py")]
    commands = [text for text in texts if '"--weights"' in text]
    assert len(commands) + sum("add_weights_and_out(parser" in text for text in texts) > 20
    assert all('"--weights", type=weights_folder' in " ".join(text.split()) for text in commands)
