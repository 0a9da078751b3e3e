from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from bench.faults.__main__ import KINDS, main
from bench.faults.cluster import Cluster
from bench.faults.log_comparison import changes
from bench.faults.motion import Motion
from bench.faults.of_disks import FAULTS as DISKS
from bench.faults.of_disks import fill, small_disks
from bench.faults.of_workers import KillOne, Zombie
from bench.faults.outcome import longest_silence
from bench.faults.proxy import Proxy
from infra.errors import ServiceError
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60.0


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    while data := connection.recv(1_000):
                        connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def test_a_proxy_carries_holds_and_cuts(echo: int) -> None:
    with Proxy(echo) as proxy, connect(proxy.port) as connection:
        connection.sendall(b"one")
        assert connection.recv(9) == b"one"
        proxy.hold()
        connection.settimeout(0.3)
        connection.sendall(b"two")
        with pytest.raises(TimeoutError):
            connection.recv(9)
        proxy.let_go()
        connection.settimeout(PATIENCE_S)
        assert connection.recv(9) == b"two"
        proxy.cut()
        assert connection.recv(9) == b""


def test_a_slow_proxy_answers_late(echo: int) -> None:
    with Proxy(echo) as proxy, connect(proxy.port) as connection:
        proxy.slow_down(0.2)
        began = time.monotonic()
        connection.sendall(b"one")
        assert connection.recv(9) == b"one"
        assert time.monotonic() - began >= 0.2


def test_what_a_log_lacks_has_beside_or_has_otherwise_is_told_apart() -> None:
    expected = {"a": "1", "b": "2", "c": "3"}
    result = changes(expected, {"b": "2", "c": "4", "d": "5"})
    assert (result.missing, result.extra, result.different) == (("a",), ("d",), ("c",))
    assert result.count == 3
    assert not changes(expected, expected).count


def test_the_longest_silence_is_that_of_the_wearer_who_waited_longest() -> None:
    records = {"a/s/spatial/1": 10.0, "a/s/spatial/2": 11.0, "b/s/spatial/1": 10.5}
    assert longest_silence(records | {"b/s/spatial/2": 17.0, "a/s/spatial/3": 12.0}) == 6.5


def test_a_clock_that_steps_moves_stamps_and_no_number() -> None:
    frames = list(Motion("steps-0", 4, ((2, 3_600), (3, -3_590))).frames())
    assert [frame.seq for frame in frames] == [0, 1, 2, 3]
    steps = [(later.t_ns - frames[0].t_ns) // NS for later in frames]
    assert steps == [0, 1, 3_602, 13]
    assert [frame.final for frame in frames] == [False, False, False, True]


def outcome(**changed: Any) -> dict[str, Any]:
    fields = {
        "kind": "workers",
        "fault": KillOne.name,
        "expected": 56,
        "missing": 0,
        "extra": 0,
        "different": 0,
        "duplicates": 7,
        "silence_s": 8.25,
        "p99_ms": 90.0,
        "letters": 0,
        "restarts": 0,
        "lasted_s": 20.0,
        "notes": [],
        "examples": [],
        "kept": True,
    }
    return {**fields, **changed}


def figures(*outcomes: dict[str, Any]) -> dict[str, Any]:
    return {
        "machine": {"cores": 2, "processor": "Some CPU", "load_before": 3.5},
        "size": {"wearers": 4, "seconds": 60, "speed": 4.0},
        "date": "2026-03-02",
        "command": "python -m bench.faults --quick",
        "outcomes": list(outcomes),
        "skipped": {"full disk": "nobody may mount one"},
    }


SIMULATION = {
    "seeds": 10_000,
    "kept": 9_999,
    "date": "2026-03-02",
    "command": "python -m tests.simulation --seeds 10000 --first 0",
}


@pytest.mark.parametrize(("lost", "status"), [(0, 0), (2, 1)])
def test_the_page_and_the_status_say_whether_a_log_changed(
    tmp_path: Path, lost: int, status: int
) -> None:
    names = ("f.json", "simulation.json", "page.md")
    source, simulation, page = (tmp_path / name for name in names)
    page.write_text("# Of before\n\n## Disks\n\nold\n\n## Over time\n\nby another command\n")
    zombie, kill = Zombie.name, KillOne.name
    changed = outcome(fault=zombie, missing=lost, kept=not lost, restarts=1, notes=["it woke"])
    source.write_text(json.dumps(figures(changed, outcome(), outcome(fault="of another release"))))
    simulation.write_text(json.dumps(SIMULATION))
    arguments = ["--from", str(source), "--simulation", str(simulation)]
    arguments += ["--larger", str(source)]
    assert main([*arguments, "--page", str(page)]) == status
    text = page.read_text()
    assert f"| {kill} | 56 | 0 | 0 | 0 | 7 | 8.2 | kept |" in text
    verdict = "**changed**" if lost else "kept"
    assert f"| {zombie} | 56 | {lost} | 0 | 0 | 7 | 8.2 | {verdict} |" in text
    # In the order of the faults, not of the runs.
    assert text.index(kill) < text.index(zombie)
    assert f"**{2 - bool(lost)} of 2 logs are the calm run's.**" in text
    assert f"- {zombie}: it woke." in text
    assert "1 worker(s) ended by themselves" in text
    assert "- Not run here: full disk: nobody may mount one." in text
    assert "## Over time\n\nby another command\n" in text
    assert "old" not in text
    assert "## With 4 wearers" in text
    assert "**9,999 of 10,000 seeds** end in the calm run's log." in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a disk")
def test_a_disk_is_filled_to_its_last_byte_and_is_gone_afterwards(tmp_path: Path) -> None:
    small = tmp_path / "small"
    try:
        with small_disks([small], size_mb=1):
            fill(small / "ballast")
            assert shutil.disk_usage(small).free == 0
            with pytest.raises(OSError, match="No space left"):
                (small / "more").write_bytes(b"x")
    except ServiceError as error:
        pytest.skip(str(error))
    assert not list(small.iterdir())


def test_a_fault_fills_the_disk_that_it_names() -> None:
    site = Mock()
    site.services.store_folder = Path("services")
    site.settings.run_dir = Path("services/workers")
    assert [fault.folder(site).name for fault in DISKS] == ["kafka", "redis", "workers"]


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [fault.name for faults in KINDS.values() for fault in faults]
    assert len(set(names)) == len(names) > 20
    assert 5 <= sum(fault.quick for faults in KINDS.values() for fault in faults) <= 8


def test_the_nodes_of_a_cluster_know_one_another_and_confirm_by_two(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    written = [
        dict(line.split("=", 1) for line in node._configure(node.port).read_text().splitlines())
        for node in cluster.nodes
    ]
    assert [each["node.id"] for each in written] == ["1", "2", "3"]
    [voters] = {each["controller.quorum.voters"] for each in written}
    own = [each["listeners"].rpartition(":")[2] for each in written]
    assert [voter.rpartition(":")[2] for voter in voters.split(",")] == own
    assert {each["min.insync.replicas"] for each in written} == {"2"}
    assert {each["offsets.topic.replication.factor"] for each in written} == {"3"}
    assert len({node.cluster_id for node in cluster.nodes}) == 1
    assert len({node.folder for node in cluster.nodes}) == 3
