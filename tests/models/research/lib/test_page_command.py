"""Rules of `models.research.lib.page_command`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from models.research.lib.page_command import page_command


def parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m x")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--only-kept", action="store_true")
    parser.add_argument("--also", action="append", default=[], type=lambda text: ("a", Path(text)))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--page", type=Path)
    return parser


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("", ""),
        ("--seeds 0 1", ""),
        ("--seeds 2 --page p.md", " --seeds 2 --page p.md"),
        ("--only-kept --runs elsewhere", " --only-kept"),
        ("--also b --also c", " --also a=b --also a=c"),
    ],
)
def test_a_command_has_the_options_that_differ_from_their_defaults(given: str, named: str) -> None:
    own = parser()
    options = own.parse_args(given.split())
    assert page_command(own, options, without=["runs"]) == f"python -m x{named}"
