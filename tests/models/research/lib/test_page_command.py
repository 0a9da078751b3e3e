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
    parser.add_argument("--fault", action="append")
    parser.add_argument("--minutes", type=float, default=1.5)
    kind = parser.add_mutually_exclusive_group()
    for name in ("alone", "in-pairs"):
        kind.add_argument(f"--{name}", action="store_const", dest="kind", const=name)
    parser.add_argument("--from", dest="earlier", nargs="+")
    return parser


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("", ""),
        ("--seeds 0 1", ""),
        ("--seeds 2 --page p.md", " --seeds 2 --page p.md"),
        ("--only-kept --runs elsewhere", " --only-kept"),
        ("--also b --also c", " --also a=b --also a=c"),
        ("--fault A --fault B", " --fault A --fault B"),
        ("--minutes 1.5", ""),
        ("--minutes 20", " --minutes 20"),
        ("--minutes 0.12345678", " --minutes 0.12345678"),
        ("--in-pairs", " --in-pairs"),
        ("--from a b", " --from a b"),
    ],
)
def test_a_command_has_the_options_that_differ_from_their_defaults(given: str, named: str) -> None:
    own = parser()
    options = own.parse_args(given.split())
    assert page_command(own, options, without=["runs"]) == f"python -m x{named}"


def test_a_command_names_what_was_measured_instead_of_what_was_given() -> None:
    own = parser()
    options = own.parse_args(["--seeds", "3"])
    assert page_command(own, options, seeds=[4, 5]) == "python -m x --seeds 4 5"
    assert page_command(own, options, seeds=[0, 1]) == "python -m x"
