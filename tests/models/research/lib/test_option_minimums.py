"""The smallest values of options."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import pytest

from models.research.lib.option_minimums import check_minimums


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
