from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.kafka.server import Recovery

if TYPE_CHECKING:
    from pathlib import Path


def test_a_node_recovers_as_long_as_it_says_so_anew(tmp_path: Path) -> None:
    path = tmp_path / "kafka.log"
    recovery = Recovery(path)
    assert not recovery.goes_on()
    path.write_text("INFO [LogLoader] Recovering unflushed segment 0. 0/3 recovered\n")
    assert recovery.goes_on()
    assert not recovery.goes_on()
    with path.open("a") as log:
        log.write("INFO Loading producer state till offset 5\n")
    assert recovery.goes_on()


def test_a_node_that_says_something_else_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "kafka.log"
    path.write_text("ERROR address already in use\n")
    assert not Recovery(path).goes_on()
