from __future__ import annotations

import errno
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from models.research.lib.error_lines import UNUSABLE, one_line_errors
from schemas.atomic_file import atomic_path
from schemas.extras import MissingExtraError
from schemas.interruption import HUNG_UP, INTERRUPTED, TERMINATED
from tests.stopped import HANGUP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def failing(error: BaseException) -> int:
    @one_line_errors
    def main(arguments: Sequence[str] | None = None) -> int:
        raise error

    return main()


def test_an_error_of_several_lines_becomes_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(MissingExtraError("needs x;\n  install it")) == UNUSABLE
    assert capsys.readouterr().err == "needs x; install it\n"


def test_a_file_that_cannot_be_used_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(OSError(errno.EACCES, "Permission denied", "a.json")) == UNUSABLE
    assert capsys.readouterr().err == "file 'a.json' cannot be used: permission denied\n"


def test_ctrl_c_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(KeyboardInterrupt()) == INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize(
    ("by", "status"),
    [(signal.SIGTERM, TERMINATED), pytest.param(signal.SIGHUP, HUNG_UP, marks=HANGUP)],
)
def test_what_was_half_written_is_deleted_at_a_signal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, by: signal.Signals, status: int
) -> None:
    @one_line_errors
    def main(arguments: Sequence[str] | None = None) -> int:
        with atomic_path(tmp_path / "har.safetensors") as draft:
            draft.write_bytes(b"half")
            os.kill(os.getpid(), by)
            time.sleep(60)
        return 0

    assert main() == status
    assert capsys.readouterr().err == "interrupted\n"
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(by) is signal.SIG_DFL


@pytest.mark.parametrize("error", [ValueError("a fault"), OSError("a fault")])
def test_a_fault_of_the_program_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error), match="a fault"):
        failing(error)
