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
    ],
)
def test_what_is_too_small_ends_the_command(
    options: Namespace, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        check_minimums(ArgumentParser(), options, seeds=0, steps=1)
    assert capsys.readouterr().err.endswith(f"{line}\n")


def test_the_least_values_are_allowed() -> None:
    check_minimums(ArgumentParser(), Namespace(seeds=[0], steps=1), seeds=0, steps=1)
