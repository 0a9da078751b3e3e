from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from faust.cli.base import cli

from infra.local.process import wait_until_gone
from infra.settings import load
from tests.docs.commands import CANNOT, LASTING, ROOT, assignment, blocks, cannot, commands, pages
from tests.docs.commands import inline as inline_of
from tests.docs.reference import register_commands
from tests.docs.running import PROGRAMS, Outcome, follow_all, reader
from tests.models.recordings.imports.makers import sensor_logger_android
from tests.people import command_figures
from tests.warm_process import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY = [command for page in pages() for command in commands(page)]
OURS = "faust -A streams.app "
# In a sentence a command may leave out what it takes: `[--seed N]`, `...`.
OPEN = re.compile(r"\[[^\]]*\]|\.\.\.|<[^>]*>")
# What else a block may call, that is on every machine or that a page says how to get.
OTHERS = {
    "export",
    ".",
    "mkdir",
    "sleep",
    "pip",
    "ffmpeg",
    "mkcert",
    "caddy",
    ".venv/mutation/bin/mutmut",
}


@pytest.fixture(scope="module", autouse=True)
def commands_of_ours() -> Iterator[None]:
    with register_commands():
        yield


def wrong(command: str) -> str:
    """Return what no such command takes, '' where it could be run as it is written."""
    words = shlex.split(re.split(r"\s[<>|]\s", command, maxsplit=1)[0])
    if command.startswith(OURS):
        if words[3] == "worker":
            return ""
        done = CliRunner().invoke(cli, [*words[3:], "--help"], prog_name="faust")
        return "" if done.exit_code == 0 else done.output
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return "" if words[1] in targets else f"{words[1]} is no target of the Makefile"
    if words[:2] == ["python", "-m"]:
        return "" if importlib.util.find_spec(words[2]) else f"there is no module {words[2]}"
    if words[0] == "python":
        return ""
    return "" if words[0] in {*PROGRAMS, *OTHERS} else f"{words[0]} is no program of ours"


def test_every_block_says_what_it_is() -> None:
    unnamed = [
        f"{block.page}:{block.line}"
        for page in pages()
        for block in blocks(page)
        if not block.language
    ]
    assert unnamed == []


def test_every_command_is_one_with_the_options_that_it_is_given() -> None:
    assert len(EVERY) > 90
    complaints = {str(command): wrong(command.text) for command in EVERY}
    assert {name: why for name, why in complaints.items() if why} == {}


def test_every_command_within_a_sentence_is_one() -> None:
    named = {OPEN.sub("", text).strip() for page in pages() for text in inline_of(page)}
    assert len(named) > 40
    assert {text: why for text in named if (why := wrong(text))} == {}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("faust -A streams.app log walk --sumary", "No such option"),
        ("faust -A streams.app labels ad ironing", "action 'ad' is unknown"),
        ("make dmeo", "no target"),
        ("python -m models.reserch", "no module"),
        ("fuast worker", "no program"),
    ],
)
def test_a_command_with_a_slip_is_named(command: str, why: str) -> None:
    assert why in wrong(command)


def test_what_cannot_be_run_is_in_the_documentation_and_has_a_reason() -> None:
    texts = {command.text for command in EVERY}
    for pattern, reason in CANNOT.items():
        assert reason
        assert any(cannot(text) == reason for text in texts), pattern
    assert set(LASTING) <= texts
    assert not [text for text in LASTING if cannot(text)]


@pytest.mark.parametrize("page", [p for p in pages() if any(map(str, commands(p)))])
def test_what_a_page_exports_are_settings_that_are_taken(
    page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef\n")
    for command in commands(page):
        named = assignment(command.text) if command.text.startswith("export ") else None
        if named is not None:
            name, value = named
            file = name.endswith("_FILE") or name == "EGOLOG_NOTIFICATIONS"
            monkeypatch.setenv(name, str(tmp_path / "secret") if file else value)
    load(env_file=None)


def test_the_tutorial_finds_a_recording_in_a_phones_export(tmp_path: Path) -> None:
    [text] = [
        command.text
        for command in commands("docs/tutorial.md")
        if command.text.endswith("import EXPORT --dry-run")
    ]
    words = shlex.split(text.replace("EXPORT", str(sensor_logger_android(tmp_path))))[3:]
    environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    status, out, err = run_command(tuple(words), environment, 120.0, tmp_path)
    assert status == 0, out + err
    assert "2026-03-02T08:00:00" in out


def test_a_reader_fills_in_what_is_open_and_notes_what_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nexport EGOLOG_APP_ID=mine   # a comment\nls EXPORT\n"
        'echo "$EGOLOG_APP_ID" > out\ncat nothing\nmkcert -install\n```\n'
    )
    home = tmp_path / "home"
    home.mkdir()
    with reader(home) as somebody:
        outcomes = list(somebody.follow(str(page)))
    assert [bool(outcome.failure) for outcome in outcomes] == [False, False, False, True, False]
    assert "cat: nothing" in outcomes[3].failure
    assert outcomes[4].left_out
    assert (home / "out").read_text() == "mine\n"


KILLED = """
import sys, time
from pathlib import Path
from tests.docs.running import Reader
reader = Reader(Path(sys.argv[1]))
print(reader._start("sleep 600 & echo $!; wait", reader.home / "output").pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs linux: a process's state is read")
def test_what_a_reader_started_ends_with_it_even_by_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        leader = int(killed.stdout.readline())
        deadline = time.monotonic() + 60
        while not (printed := (tmp_path / "output").read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        sleeping = int(printed)
        assert not wait_until_gone(sleeping, 0.1)
        killed.kill()
    assert wait_until_gone(leader, 60)
    assert wait_until_gone(sleeping, 60)


def test_what_was_run_what_failed_and_what_was_left_out_are_counted_apart() -> None:
    command = EVERY[0]
    figures = command_figures(
        [Outcome(command), Outcome(command, failure="status 1"), Outcome(command, left_out="why")]
    )
    assert (figures["docs_commands_run"], figures["docs_commands_failed"]) == (2, 1)
    assert figures["docs_failures"] == [f"{command}: status 1"]
    assert figures["docs_commands_left_out"] == [f"{command}: why"]


@pytest.mark.pipeline
@pytest.mark.timeout(3600)
def test_every_command_runs(tmp_path: Path) -> None:
    outcomes = follow_all(tmp_path)
    assert len(outcomes) == len(EVERY)
    assert [str(outcome) for outcome in outcomes if outcome.failure] == []
