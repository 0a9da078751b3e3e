"""Rules of the options of LanHAR's commands."""

from __future__ import annotations

from importlib import import_module

import pytest

DESCRIBE = "interpretation.describe --endpoint http://x"
INTERPRET = "interpretation.__main__ --data a.npz --out b"
FILES = "--source a.npz --target b.npz --json c"


@pytest.mark.parametrize(
    ("command", "option", "minimum"),
    [
        (f"evaluation.__main__ {FILES}", "--seed -1", 0),
        (f"evaluation.ablations {FILES}", "--seeds -1", 0),
        ("evaluation.figures", "--users 0", 1),
        ("evaluation.figures", "--each 0", 1),
        ("evaluation.figures", "--share -0.5", 0),
        ("evaluation.leave_one_out", "--most 0", 1),
        ("evaluation.leave_one_out", "--users 0", 1),
        ("evaluation.live", "--workers 0", 1),
        ("evaluation.results", "--workers 0", 1),
        (INTERPRET, "--limit -1", 0),
        (INTERPRET, "--concurrency 0", 1),
        (DESCRIBE, "--count 0", 1),
        (DESCRIBE, "--retries -1", 0),
        ("phone --out a.onnx", "--trials 0", 1),
        ("training.__main__", "--share -1.0", 0),
        ("training.distil", "--seed -1", 0),
        ("training.last_layers", "--seeds 0", 1),
        ("training.position_readout", "--seeds 0", 1),
        ("training.train_on", "--seed -1", 0),
        ("training.withheld", "--most 0", 1),
    ],
)
def test_an_option_that_is_too_small_is_named(
    command: str, option: str, minimum: int, capsys: pytest.CaptureFixture[str]
) -> None:
    module, *others = command.split()
    with pytest.raises(SystemExit):
        import_module(f"models.research.lanhar.{module}").main([*others, *option.split()])
    name, value = option.split()
    assert f"{name} is {value}; expected {minimum} or more" in capsys.readouterr().err
