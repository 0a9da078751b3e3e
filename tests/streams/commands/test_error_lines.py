"""A command ends with one line, or none where nobody reads it, for what its user can change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = """
import asyncio
from streams.commands.error_lines import one_line_errors

async def command():
    {body}

asyncio.run(one_line_errors(command)(None))
print("went on")
"""


def ended(body: str, *, unbuffered: bool = False, read: bool = True) -> tuple[int, str, str]:
    """Run a command of this body; without `read` nobody reads its output."""
    flags = ["-u"] if unbuffered else []
    process = subprocess.Popen(
        [sys.executable, *flags, "-c", COMMAND.format(body=body)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if not read:
        process.stdout.close()
        process.stdout = None
    out, err = process.communicate(timeout=60)
    return process.returncode, out or "", err


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_command_whose_reader_is_gone_ends_without_a_word(unbuffered: bool, lines: int) -> None:
    body = f"print('line\\n' * {lines})"
    assert ended(body, unbuffered=unbuffered, read=False) == (141, "", "")


def test_a_broken_connection_is_no_gone_reader() -> None:
    status, _, err = ended("raise BrokenPipeError(32, 'Broken pipe')")
    assert status == 1
    assert err.splitlines()[-1] == "BrokenPipeError: [Errno 32] Broken pipe"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("open('/nowhere/walk.jsonl', 'w')", "'/nowhere/walk.jsonl' cannot be used: no such file"),
        ("open('/tmp', 'w')", "file '/tmp' cannot be used: is a directory"),
        ("import os; os.mkdir('/proc/walk')", "file '/proc/walk' cannot be used: no such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(body: str, line: str) -> None:
    status, _, err = ended(body)
    assert status == 1
    assert err.startswith("error: file ")
    assert line in err
    assert err.count("\n") == 1


def test_a_store_that_refuses_is_one_line() -> None:
    body = "from redis.exceptions import NoPermissionError as E; raise E('this user may not')"
    assert ended(body) == (1, "", "error: redis (EGOLOG_REDIS_URL) refuses: this user may not\n")


def test_what_is_printed_arrives() -> None:
    assert ended("print('21 windows')") == (0, "21 windows\nwent on\n", "")
