from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from faust.cli.base import cli

from infra.settings import load
from streams.commands.deferred import NAMES, DeferredCommand, defer
from streams.engine.app import EgoLogApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[set[str]]:
    """The names of Faust's own commands, with ours deferred beside them."""
    others = dict(cli.commands)
    for name in NAMES:
        cli.commands.pop(name, None)
    names = set(cli.commands)
    defer(EgoLogApp(load(env_file=None, run_dir=tmp_path)))
    yield names
    cli.commands = others


def asked(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments, prog_name="faust", catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_deferred_commands_are_all_that_there_are(theirs: set[str]) -> None:
    asked("replay", "--help")
    assert set(cli.commands) == theirs | set(NAMES)
    assert not [n for n, each in cli.commands.items() if isinstance(each, DeferredCommand)]


@pytest.mark.usefixtures("theirs")
def test_a_deferred_command_says_its_own_help() -> None:
    assert isinstance(cli.commands["log"], DeferredCommand)
    assert "ask" in asked("log", "--help")
    assert isinstance(cli.commands["log"], click.Group)


@pytest.mark.usefixtures("theirs")
def test_the_list_of_commands_has_their_lines() -> None:
    assert "Manage the daily log of a device." in asked("--help")


def test_a_worker_imports_no_command() -> None:
    script = (
        "import sys, streams.app, streams.engine.worker\n"
        "print(*sorted(name for name in sys.modules if name.startswith('streams.commands.')))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["streams.commands.deferred"]
