"""Every program that is started by hand ends in one line at Ctrl-C and SIGTERM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.kafka import __main__ as kafka
from tests.package_graph import PACKAGES, ROOT
from tests.stopped import SIGNALS, stopped

if TYPE_CHECKING:
    import signal
    from pathlib import Path

    import pytest

# Children of a program that ends them, and what ends at once.
_OTHERS = {
    "bench/peers/plain_aiokafka.py",
    "bench/peers/quix.py",
    "infra/kafka.py",
    "infra/local/parent_death.py",
    "infra/local/python_redis.py",
    "infra/system_packages.py",
    "streams/finetuning/training_process.py",
}
_ENDS = ("@one_line_interruptions\n", "@one_line_errors\n", "except KeyboardInterrupt")


def test_programs_say_that_they_were_interrupted() -> None:
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for package in (*PACKAGES, "bench")
        for path in (ROOT / package).rglob("*.py")
    }
    programs = {name for name, text in texts.items() if 'if __name__ == "__main__":' in text}
    silent = {name for name in programs if not any(each in texts[name] for each in _ENDS)}
    assert silent == _OTHERS


@SIGNALS
def test_a_node_that_is_stopped_while_it_starts_is_ended_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    by: signal.Signals,
    status: int,
) -> None:
    monkeypatch.setattr(kafka, "start", stopped(by))
    assert kafka.main(["start", "--run-dir", str(tmp_path)]) == status
    assert capsys.readouterr().err == "interrupted\n"
