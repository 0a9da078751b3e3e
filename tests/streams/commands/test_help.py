from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from faust.cli.base import cli

from infra.settings import load
from streams.commands.registration import register
from streams.engine.app import EgoLogApp

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = (
    "dead-letters",
    "devices",
    "finetune",
    "labels",
    "log",
    "models",
    "notifications",
    "replay",
    "settings",
    "simulate",
    "status",
    "topics",
)
# A sentence as Faust's own, "List agents.": it fits its line, so click cuts none of it off.
SENTENCE = re.compile(r"[A-Z][a-z-]+ .*[a-z`]\.")


@pytest.fixture(scope="module", autouse=True)
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Our commands on Faust's command line, and off it again."""
    others = dict(cli.commands)
    register(EgoLogApp(load(env_file=None, run_dir=tmp_path_factory.mktemp("run"))))
    yield
    cli.commands = others


def help_of(*command: str) -> str:
    done = CliRunner().invoke(
        cli, [*command, "--help"], prog_name="faust", terminal_width=80, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output


def commands(text: str) -> dict[str, str]:
    """Return the help line of each command that a help text lists."""
    lines = text.partition("Commands:\n")[2].splitlines()
    return {each.split()[0]: each.split(maxsplit=1)[1] for each in lines}


def test_every_command_is_listed_with_a_sentence() -> None:
    listed = commands(help_of())
    assert set(OURS) <= set(listed)
    # An action belongs below its group alone.
    assert not [
        name
        for name in listed
        if name.startswith(("dead-letters-", "devices-", "labels-", "models-"))
    ]
    for name in OURS:
        assert SENTENCE.fullmatch(listed[name]), listed[name]


@pytest.mark.parametrize(
    ("group", "actions"),
    [
        ("labels", ["add", "remove", "list"]),
        ("devices", ["list", "pause", "resume", "quiet", "erase"]),
        ("dead-letters", ["list", "show", "replay", "purge"]),
        ("models", ["list", "pin", "unpin", "rollback", "forget"]),
    ],
)
def test_a_group_lists_its_actions_with_a_sentence_each(group: str, actions: list[str]) -> None:
    listed = commands(help_of(group))
    assert list(listed) == actions
    for line in listed.values():
        assert SENTENCE.fullmatch(line), line


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        (("labels", "add"), "labels add [OPTIONS] NAME"),
        (("labels", "remove"), "labels remove [OPTIONS] NAME"),
        (("labels", "list"), "labels list [OPTIONS]"),
        (("models", "pin"), "models pin [OPTIONS] REVISION"),
        (("models", "rollback"), "models rollback [OPTIONS]"),
        (("models", "forget"), "models forget [OPTIONS] DEVICE"),
        (("replay",), "replay [OPTIONS] SPEC..."),
    ],
)
def test_the_usage_names_what_a_command_takes(command: tuple[str, ...], usage: str) -> None:
    first = help_of(*command).splitlines()[0]
    assert first.strip().endswith(usage)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("replay",), ("playback speed", "number of simulated devices", "resume", "session id")),
        (("finetune",), ("queue is drained", "pending training", "held-out")),
        (("labels", "add"), ("description", "language model")),
        (("models", "pin"), ("shipped", "unpin")),
        (("models",), ("hot reload",)),
    ],
)
def test_a_help_has_the_words_that_one_would_search_for(
    command: tuple[str, ...], words: tuple[str, ...]
) -> None:
    text = " ".join(help_of(*command).lower().split())
    for word in words:
        assert word in text
