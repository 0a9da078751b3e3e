from __future__ import annotations

import errno
import os
import socket
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from infra.errors import SettingsError
from streams.engine import own_core
from streams.engine.own_core import OwnCore

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux keeps a process on a core"
)

# The cores of each thread.
Cores = dict[int, set[int]]
Take = Callable[[str], OwnCore]


@pytest.fixture
def take() -> Iterator[Take]:
    """Takes cores that are given back when the test ends."""
    with ExitStack() as taken:

        def take(setting: str) -> OwnCore:
            return taken.enter_context(closing(OwnCore.take(setting)))

        yield take


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> Cores:
    """A machine with the cores 2 and 5, on which no worker runs."""
    of: Cores = defaultdict(lambda: {2, 5})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: of[threading.get_ident()])
    monkeypatch.setattr(
        os, "sched_setaffinity", lambda _, to: of.update({threading.get_ident(): set(to)})
    )
    monkeypatch.setattr(own_core, "in_order", lambda allowed: sorted(allowed, reverse=True))
    monkeypatch.setattr(own_core, "_CLAIM", f"\0egolog-test-{os.getpid()}-")
    return of


def of_this_thread(cores: Cores) -> set[int]:
    return cores[threading.get_ident()]


def test_a_worker_takes_the_first_core_in_order(take: Take, cores: Cores) -> None:
    own = take("auto")
    assert own.core == 5
    assert of_this_thread(cores) == {5}
    assert own.says == "threads stay on core 5"


def test_the_next_worker_takes_another_core_and_the_one_after_it_none(
    take: Take, cores: Cores
) -> None:
    workers = [take("auto")]
    for _ in range(2):
        cores.clear()
        workers.append(take("auto"))
    assert [worker.core for worker in workers] == [5, 2, None]
    assert of_this_thread(cores) == {2, 5}
    assert workers[-1].says == "threads run on any core: other workers have cores 2, 5"


def test_the_core_of_a_worker_that_ended_is_free_again(take: Take, cores: Cores) -> None:
    ended = take("auto")
    ended.close()
    cores.clear()
    assert take("auto").core == 5


def test_a_core_by_its_number_is_taken_even_beside_another_worker(take: Take, cores: Cores) -> None:
    first = take("2")
    cores.clear()
    second = take("2")
    assert (first.core, second.core) == (2, 2)
    assert of_this_thread(cores) == {2}


def test_a_worker_without_a_choice_of_cores_changes_nothing(take: Take, cores: Cores) -> None:
    cores[threading.get_ident()] = {3}
    own = take("auto")
    assert own.core is None
    assert own.says == "threads run on core 3, the only one allowed"


def test_the_only_core_of_a_worker_is_no_other_workers(take: Take, cores: Cores) -> None:
    cores[threading.get_ident()] = {5}
    take("auto")
    cores.clear()
    assert take("auto").core == 2


def test_a_worker_that_ended_leaves_its_thread_all_cores(take: Take, cores: Cores) -> None:
    take("auto").close()
    assert of_this_thread(cores) == {2, 5}
    assert take("2").core == 2


def refuse(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_system_that_refuses_a_core_stops_only_who_has_set_one(
    take: Take, cores: Cores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    own = take("auto")
    assert own.core is None
    assert own.says == ("threads run on any core: the system refuses one (operation not permitted)")
    with pytest.raises(SettingsError, match=r"\(the system refuses it: operation not permitted\)$"):
        take("5")
    assert of_this_thread(cores) == {2, 5}


def test_without_names_of_sockets_no_core_is_said_to_be_another_workers(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", refuse)
    assert "the system refuses one" in take("auto").says
    assert take("5").core == 5


def test_off_changes_nothing(take: Take, cores: Cores) -> None:
    assert take("off").core is None
    assert of_this_thread(cores) == {2, 5}


def test_a_core_that_the_process_may_not_use_is_refused(take: Take) -> None:
    with pytest.raises(
        SettingsError,
        match=r"^setting EGOLOG_CPU_AFFINITY has value '4': expected auto, off or the number of a "
        r"core \(this process may use cores 2, 5\)$",
    ):
        take("4")


def test_a_system_without_affinity_refuses_a_number_and_ignores_auto(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert take("auto").core is None
    with pytest.raises(SettingsError, match="this system keeps no process on a core"):
        take("0")
