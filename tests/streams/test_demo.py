from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from schemas.interruption import INTERRUPTED, TERMINATED
from streams.demo import __main__ as demo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def ctrl_c() -> None:
    raise KeyboardInterrupt


def sigterm() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("speed", ["0", "-1", "nan"])
def test_a_speed_at_which_nothing_is_sent_is_one_line(
    speed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        demo.main([f"--speed={speed}"])
    assert ended.value.code == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.endswith(f"--speed is {float(speed)}; expected more than 0")


@pytest.mark.parametrize(
    ("arguments", "stop", "status"),
    [
        (["--check"], ctrl_c, INTERRUPTED),
        (["--check"], sigterm, TERMINATED),
        # It is how whoever looks at the page ends it.
        ([], ctrl_c, 0),
        ([], sigterm, 0),
    ],
)
def test_a_check_that_is_stopped_has_not_passed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    stop: Callable[[], None],
    status: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo._Worker, "__enter__", lambda _: stop())
    assert demo.main(arguments) == status
