from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import BinaryMissingError, PortInUseError, ServiceError
from infra.local.probe import port_is_free
from tests.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def prometheus(run_dir: Path, prometheus_binary: str) -> Iterator[Prometheus]:
    with Prometheus(run_dir, []) as running:
        yield running


def test_it_answers_queries_and_frees_its_port(prometheus: Prometheus) -> None:
    [series] = prometheus.query("vector(7)")
    assert series["value"][1] == "7"
    prometheus.stop()
    assert port_is_free(int(prometheus.url.rpartition(":")[2]))


def test_a_wrong_query_is_an_error_in_its_own_words(prometheus: Prometheus) -> None:
    with pytest.raises(ServiceError, match=r"^prometheus refuses 'sum\(': .*parse error"):
        prometheus.query("sum(")


def test_a_taken_port_is_one_clear_line(prometheus: Prometheus, tmp_path: Path) -> None:
    port = int(prometheus.url.rpartition(":")[2])
    with pytest.raises(PortInUseError, match=rf"^port {port} for prometheus is in use: "):
        Prometheus(tmp_path, [], port).start()


def test_a_missing_program_is_one_clear_line(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BinaryMissingError, match=r"^prometheus is not on PATH: install it"):
        Prometheus(run_dir, []).start()
