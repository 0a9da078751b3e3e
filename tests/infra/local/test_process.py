from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from infra.errors import BinaryMissingError, NotAnsweringError, PortInUseError, ServiceError
from infra.local.probe import free_port, port_is_free
from infra.local.process import ChildProcess, command_line, telling_line, wait_until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A machine may have no core for a process of its own.
START_S = 60.0
LISTEN = """
import signal, socket, sys, time
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
time.sleep(600)
"""


def listener(tmp_path: Path, how: str = "plain") -> ChildProcess:
    port = free_port()
    command = [sys.executable, "-c", LISTEN, str(port), how]
    return ChildProcess("listener", command, port=port, log=tmp_path / "listener.log")


@pytest.fixture
def child(tmp_path: Path) -> Iterator[ChildProcess]:
    process = listener(tmp_path)
    yield process
    process.stop()


def test_start_returns_once_it_answers_and_stop_frees_the_port(child: ChildProcess) -> None:
    child.start(lambda: not port_is_free(child.port), START_S)
    pid = child.pid
    assert pid is not None
    child.stop()
    assert child.pid is None
    assert wait_until_gone(pid, 60)
    assert port_is_free(child.port)


def test_stopping_twice_is_stopping_once(child: ChildProcess) -> None:
    child.stop()
    child.start(lambda: not port_is_free(child.port), START_S)
    child.stop()
    child.stop()
    assert child.pid is None


def test_a_child_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    child = listener(tmp_path, "deaf")
    child.start(lambda: not port_is_free(child.port), START_S)
    pid = child.pid
    assert pid is not None
    # It would end by itself after ten minutes.
    child.stop()
    assert wait_until_gone(pid, 60)


def test_a_running_child_is_not_started_again(child: ChildProcess) -> None:
    child.start(lambda: not port_is_free(child.port), START_S)
    with pytest.raises(ServiceError, match=r"^listener is running already \(pid \d+\)$"):
        child.start(lambda: True, 10)


def test_a_taken_port_is_named(child: ChildProcess, tmp_path: Path) -> None:
    child.start(lambda: not port_is_free(child.port), START_S)
    other = ChildProcess("other", [sys.executable], port=child.port, log=tmp_path / "other.log")
    with pytest.raises(PortInUseError, match=rf"^port {child.port} for other is in use: "):
        other.start(lambda: True, 10)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    child = ChildProcess("ghost", [tmp_path / "ghost"], port=free_port(), log=tmp_path / "log")
    with pytest.raises(BinaryMissingError, match=r"^ghost cannot be run: .*/ghost is not a prog"):
        child.start(lambda: True, 1)
    assert child.pid is None


def test_a_child_that_ends_early_is_reported_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no license found'); raise SystemExit(3)"]
    child = ChildProcess("brief", command, port=free_port(), log=tmp_path / "brief.log")
    with pytest.raises(NotAnsweringError) as caught:
        child.start(lambda: False, START_S)
    assert str(caught.value) == (
        "brief ended with status 3 before it answered: "
        f"it said 'no license found'; see {tmp_path / 'brief.log'}"
    )
    assert child.pid is None


def test_a_child_that_never_answers_is_ended_and_reported(tmp_path: Path) -> None:
    child = listener(tmp_path)
    with pytest.raises(NotAnsweringError, match=rf"on port {child.port} after 0\.2 s: it said 'no"):
        child.start(lambda: False, 0.2)
    assert child.pid is None
    assert port_is_free(child.port)


def test_only_the_main_thread_may_start_a_tied_child(child: ChildProcess) -> None:
    caught: list[Exception] = []

    def start() -> None:
        try:
            child.start(lambda: True, 1)
        except ServiceError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert [str(error) for error in caught] == ["listener must be started from the main thread"]


def test_a_process_that_goes_on_has_not_ended_and_a_zombie_has(child: ChildProcess) -> None:
    child.start(lambda: not port_is_free(child.port), START_S)
    assert child.pid is not None
    assert str(child.port) in command_line(child.pid)
    assert not wait_until_gone(child.pid, 0.1)
    with subprocess.Popen([sys.executable, "-c", ""]) as zombie:
        assert wait_until_gone(zombie.pid, 60)
        assert command_line(zombie.pid) == ""


def test_a_process_that_only_just_begins_has_not_ended() -> None:
    """The kernel shows no arguments yet while a program is being put in place of another."""
    for _ in range(200):
        with subprocess.Popen(["/bin/sleep", "10"]) as beginning:
            assert not wait_until_gone(beginning.pid, 0)
            beginning.kill()


PARENT = """
import sys, time
from pathlib import Path
from infra.local.broker_embedded import EmbeddedBroker
from infra.local.redis_embedded import EmbeddedRedis
broker, redis = EmbeddedBroker(Path(sys.argv[1])), EmbeddedRedis(Path(sys.argv[1]))
broker.start(), redis.start()
print(broker.pid, redis.pid, flush=True)
if sys.argv[2] == "wait":
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs linux: PR_SET_PDEATHSIG")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_services_end_with_their_parent_however_it_ends(
    tmp_path: Path, end: signal.Signals | None
) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path), "wait" if end else "return"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        if end:
            assert all(command_line(pid) for pid in pids)
            os.kill(parent.pid, end)
        parent.wait(60)
    assert all(wait_until_gone(pid, 60) for pid in pids)


def test_a_child_that_is_at_work_is_waited_for_once_more(tmp_path: Path) -> None:
    asked: list[float] = []

    def answers() -> bool:
        return len(asked) >= 3

    def at_work() -> bool:
        asked.append(time.monotonic())
        return True

    child = ChildProcess(
        "sleeper",
        [sys.executable, "-c", "import time; time.sleep(60)"],
        port=free_port(),
        log=tmp_path / "log",
    )
    child.start(answers, 0.05, at_work)
    child.stop()
    assert len(asked) == 3
    with pytest.raises(NotAnsweringError, match="does not answer on port"):
        child.start(lambda: False, 0.05, lambda: False)


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("", "nothing"),
        ("one\n  two  \n\n", "two"),
        (
            "java.lang.IllegalStateException: outer\n"
            "\tat kafka.Kafka$.main(Kafka.scala:75) [kafka_2.13-4.1.1.jar:?]\n"
            "Caused by: java.nio.file.NoSuchFileException: /data\n"
            "\tat java.base/sun.nio.fs.UnixException.translateTo(UnixException.java:92)\n"
            "\t... 22 more\n",
            "Caused by: java.nio.file.NoSuchFileException: /data",
        ),
        ("at last (it ends)\n", "at last (it ends)"),
    ],
)
def test_what_a_child_said_last_is_no_frame_of_a_stack_trace(output: str, line: str) -> None:
    assert telling_line(output) == line
