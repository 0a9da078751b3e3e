"""Running the documentation's commands as a reader would: all pages, in one folder, on one worker.

Placeholders ("EXPORT", "DEVICE") are filled in, and addresses of production services are replaced
by those of the embedded services that the tutorial's worker starts.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.embedded import find_running
from infra.local.probe import free_port
from tests.docs import own_group
from tests.docs.commands import (
    FIRST,
    LASTING,
    ROOT,
    Command,
    assignment,
    blocks,
    cannot,
    commands,
    pages,
)
from tests.models.recordings.imports.makers import sensor_logger_android

if TYPE_CHECKING:
    from collections.abc import Iterator

# These read files of the checkout.
FROM_THE_CHECKOUT = ("make ", "kubectl ")
# One of which a laptop may do without.
PROGRAMS = ("make", "kubectl", "openssl")
TIMEOUT_S = 600.0
_CORRECTION = re.compile(r"^([0-9a-f]{32}) ", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a command: why it failed, why it was not run, or neither."""

    command: Command
    failure: str = ""
    left_out: str = ""

    def __str__(self) -> str:
        return f"{self.command}: {self.failure or self.left_out or 'run'}"


@dataclass
class Reader:
    """Runs the commands of pages in the empty folder `home`."""

    home: Path
    lasting: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)
    _page: str = ""
    _environment: dict[str, str] = field(default_factory=dict)
    _correction: str = ""
    _made: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.home / ".venv").symlink_to(sys.prefix)
        (self.home / "etc").mkdir()
        for name in ("broker-password", "ntfy", "mqtt"):
            (self.home / "etc" / name).write_text("secret\n")
        (self.home / "exported").mkdir()
        self._export = sensor_logger_android(self.home / "exported")
        self._port = free_port()
        # Closed at this process's end at the latest.
        self._gone, self._here = os.pipe()

    def follow(self, page: str) -> Iterator[Outcome]:
        """Run a page's commands; lasting ones are stopped after it, except for the first page's."""
        self._begin(page)
        try:
            for command in commands(page):
                yield self.run(command)
        finally:
            if page != FIRST:
                self._end(keep=1)

    def run(self, command: Command) -> Outcome:
        """Run a command to its end, or a lasting one until it is ready."""
        why = cannot(command.text)
        if why is not None:
            return Outcome(command, left_out=why)
        [first, *_] = command.text.split()
        if first in PROGRAMS and shutil.which(first) is None:
            return Outcome(command, left_out=f"{first} is not installed here")
        if command.text in self._made:
            return Outcome(command, failure=self._made[command.text])
        text = self._fill_placeholders(command.text)
        named = assignment(text)
        if named is not None:
            self._environment[named[0]] = named[1]
            return Outcome(command)
        words = LASTING.get(command.text)
        failure = self._to_the_end(text) if words is None else self._until(text, words)
        if command.text.startswith("make "):
            self._made[command.text] = failure
            self._end(keep=len(self.lasting) - 1 if words else len(self.lasting))
        return Outcome(command, failure=failure)

    def leave(self) -> None:
        """Stop everything that is still running."""
        self._end(keep=0)
        os.close(self._here)
        os.close(self._gone)

    def _begin(self, page: str) -> None:
        self._page = page
        own = {k: v for k, v in os.environ.items() if not k.startswith("EGOLOG_")}
        path = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{own.get('PATH', '')}"
        self._environment = own | {
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "EGOLOG_WEB_PORT": str(self._port),
        }
        for block in blocks(page):
            if block.title:
                (self.home / block.title).write_text(self._fill_placeholders(block.text))

    def _fill_placeholders(self, text: str) -> str:
        running = find_running(self.home / ".run")
        broker = running.broker_url if running else None
        redis = running.redis_url if running else None
        for name, value in (
            ("EXPORT", str(self._export)),
            ("DEVICE", "walk"),
            (" CORRECTION", f" {self._correction}"),
            ("REVISION", "shipped"),
            ("kafka://broker-1:9092,broker-2:9092", broker),
            ("kafka://127.0.0.1:9092", broker),
            ("redis://store:6379/0", redis),
            ("/etc/egolog/", f"{self.home}/etc/"),
            ("/run/secrets/", f"{self.home}/etc/"),
        ):
            if name in text and value is not None:
                text = text.replace(name, value)
        if text.startswith("make "):
            bin_folder = Path(sys.prefix) / "bin"
            text = text.replace("make ", f"make -o .venv/.installed BIN={bin_folder} ", 1)
        return text

    def _start(self, text: str, output: Path, **environment: str) -> subprocess.Popen[bytes]:
        where = ROOT if text.startswith(FROM_THE_CHECKOUT) else self.home
        with output.open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-S", own_group.__file__, str(self._gone), text],
                cwd=where,
                env=self._environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(self._gone,),
            )

    def _to_the_end(self, text: str) -> str:
        output = self.home / "output"
        process = self._start(text, output)
        try:
            status = process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"had not ended after {TIMEOUT_S:.0f} s"
        printed = output.read_text(errors="replace")
        if made := _CORRECTION.search(printed):
            self._correction = made[1]
        return "" if status == 0 else f"status {status}: {printed[-2_000:]}"

    def _until(self, text: str, words: str) -> str:
        output = self.home / f"lasting-{len(self.lasting)}"
        port = {"EGOLOG_WEB_PORT": str(free_port())} if self.lasting else {}
        process = self._start(text, output, **port)
        self.lasting.append((text, process))
        deadline = time.monotonic() + TIMEOUT_S
        while words not in (printed := output.read_text(errors="replace")):
            if process.poll() is not None:
                return f"ended with {process.returncode} without {words!r}: {printed[-2_000:]}"
            if time.monotonic() > deadline:
                return f"never said {words!r}: {printed[-2_000:]}"
            time.sleep(0.1)
        return ""

    def _end(self, keep: int) -> None:
        while len(self.lasting) > keep:
            _, process = self.lasting.pop()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def reader(home: Path) -> Iterator[Reader]:
    """Give a reader, and stop everything that it started on exit."""
    somebody = Reader(home)
    try:
        yield somebody
    finally:
        somebody.leave()


def follow_all(home: Path) -> list[Outcome]:
    """Run every command of every page and return the outcomes."""
    with reader(home) as somebody:
        return [outcome for page in pages() for outcome in somebody.follow(page)]
