from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench.parts.workers import standing_still

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pid() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid


def test_a_worker_stands_still_and_goes_on(pid: int) -> None:
    with standing_still([pid]):
        assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
    assert os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1])
