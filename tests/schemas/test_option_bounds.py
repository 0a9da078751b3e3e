"""The smallest and largest values of options."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from schemas.option_bounds import check_above, check_minimums

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (Namespace(seeds=[0, -1], steps=1), "--seeds is -1; expected 0 or more"),
        (Namespace(seeds=[0, 1], steps=0), "--steps is 0; expected 1 or more"),
        (Namespace(seeds=[0], steps=float("nan")), "--steps is nan; expected 1 or more"),
    ],
)
def test_what_is_too_small_ends_the_command(
    options: Namespace, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        check_minimums(ArgumentParser(), options, seeds=0, steps=1)
    assert capsys.readouterr().err.endswith(f"{line}\n")


def test_an_option_is_named_as_it_is_typed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        check_minimums(ArgumentParser(), Namespace(text_share=-1.0), text_share=0)
    assert capsys.readouterr().err.endswith("--text-share is -1.0; expected 0 or more\n")


def test_the_least_values_are_allowed() -> None:
    check_minimums(ArgumentParser(), Namespace(seeds=[0], steps=1), seeds=0, steps=1)


@pytest.mark.parametrize(
    ("speed", "words"),
    [
        (0.0, "0.0; expected more than 0"),
        (-1, "-1; expected more than 0"),
        (float("nan"), "nan; expected more than 0"),
        (float("inf"), "inf; expected more than 0, and finite"),
    ],
)
def test_what_is_not_above_its_bound_ends_the_command(
    speed: float, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        check_above(ArgumentParser(), Namespace(speed=speed), speed=0)
    assert capsys.readouterr().err.endswith(f"--speed is {words}\n")


def test_what_was_not_given_is_not_checked() -> None:
    options = Namespace(speed=None, wearers=None)
    check_above(ArgumentParser(), options, speed=0)
    check_minimums(ArgumentParser(), options, wearers=1)
    check_above(ArgumentParser(), Namespace(speed=[0.5, 2]), speed=0)


def test_every_command_with_a_seed_refuses_a_negative_one() -> None:
    unchecked = []
    for name in ("models", "bench", "streams"):
        for path in (ROOT / name).rglob("*.py"):
            text = path.read_text()
            added = set(re.findall(r'add_argument\(\s*"--(seeds?)"', text))
            checks = "".join(re.findall(r"check_minimums\(([^)]*)\)", text))
            missing = {each for each in added if not re.search(rf"\b{each}=[01]", checks)}
            if missing and not path.name.startswith("test_"):
                unchecked.append(path.relative_to(ROOT))
    # What adds them for two commands, each of which checks them.
    assert unchecked == [Path("models/research/evaluation/runs_by_seed.py")]
