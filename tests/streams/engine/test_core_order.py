from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streams.engine.core_order import in_order

if TYPE_CHECKING:
    from pathlib import Path


def write_core(cpus: Path, core: int, siblings: str, **speeds: str) -> None:
    """Write what Linux tells of a core."""
    topology = cpus / f"cpu{core}" / "topology"
    topology.mkdir(parents=True)
    (topology / "thread_siblings_list").write_text(f"{siblings}\n")
    for name, value in speeds.items():
        path = cpus / f"cpu{core}" / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{value}\n")


@pytest.mark.parametrize(
    ("siblings", "order"),
    [
        (["0", "1", "2", "3"], [3, 2, 1, 0]),
        (["0-1", "0-1", "2-3", "2-3"], [3, 1, 2, 0]),
        (["0,2", "1,3", "0,2", "1,3"], [3, 2, 1, 0]),
    ],
)
def test_the_second_thread_of_a_core_comes_after_all_first_ones(
    siblings: list[str], order: list[int], tmp_path: Path
) -> None:
    for core, names in enumerate(siblings):
        write_core(tmp_path, core, names)
    assert in_order(range(4), tmp_path) == order


def test_a_thread_whose_sibling_is_not_allowed_has_the_core_to_itself(tmp_path: Path) -> None:
    for core, names in enumerate(["0-1", "0-1", "2-3", "2-3"]):
        write_core(tmp_path, core, names)
    assert in_order({0, 2, 3}, tmp_path) == [3, 0, 2]


@pytest.mark.parametrize("speed", ["cpu_capacity", "cpufreq__cpuinfo_max_freq"])
def test_slow_cores_come_last_even_if_they_are_the_highest(speed: str, tmp_path: Path) -> None:
    write_core(tmp_path, 0, "0-1", **{speed: "1024"})
    write_core(tmp_path, 1, "0-1", **{speed: "1024"})
    write_core(tmp_path, 2, "2", **{speed: "512"})
    assert in_order(range(3), tmp_path) == [1, 2, 0]


def test_of_a_machine_that_tells_nothing_the_highest_comes_first(tmp_path: Path) -> None:
    write_core(tmp_path, 1, "what?", cpu_capacity="unknown")
    assert in_order({0, 1, 5}, tmp_path) == [5, 1, 0]
