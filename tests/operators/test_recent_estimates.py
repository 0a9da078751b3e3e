"""Rules of `operators.recent_estimates`."""

import msgpack

from operators.recent_estimates import estimates_after, recent_estimates
from schemas import ScenarioEstimate
from tests.streams.engine import messages


def estimate(start_s: int, unknown: bool = False, **scenarios: float) -> ScenarioEstimate:
    made = messages.estimate(start_s, scenarios=scenarios)
    return made.model_copy(update={"unknown": unknown})


def test_the_latest_estimates_are_kept_in_order_up_to_a_length() -> None:
    memory: tuple[float, ...] = ()
    for at, value in enumerate((0.1, 0.2, 0.3, 0.4)):
        memory = estimates_after(memory, estimate(30 * at, Eating=value, Car=0.5), 90)
    assert recent_estimates(memory, ["Eating", "Car"]) == [
        (30.0, {"Car": 0.5, "Eating": 0.2}),
        (60.0, {"Car": 0.5, "Eating": 0.3}),
        (90.0, {"Car": 0.5, "Eating": 0.4}),
    ]
    # Ninety seconds before its start no longer count.
    later = estimates_after(memory, estimate(150, Eating=0.6, Car=0.5), 90)
    assert [start for start, _ in recent_estimates(later, ["Eating", "Car"])] == [90.0, 150.0]


def test_numbers_survive_a_checkpoint_to_the_bit() -> None:
    memory = estimates_after((), estimate(1_764_000_030, Eating=0.1234, Car=1 / 3), 90)
    assert tuple(msgpack.unpackb(msgpack.packb(memory))) == memory
    assert memory[:2] == (2.0, 1_764_000_030.0)


def test_unknown_estimates_are_not_remembered() -> None:
    memory = estimates_after((), estimate(0, Eating=0.9), 90)
    assert estimates_after(memory, estimate(30, unknown=True, Eating=0.1), 90) == memory


def test_a_repeated_estimate_counts_once() -> None:
    once = estimates_after((), estimate(0, Eating=0.9), 90)
    assert estimates_after(once, estimate(0, Eating=0.9), 90) == once


def test_estimates_of_more_scenarios_begin_anew() -> None:
    memory = estimates_after((), estimate(0, Eating=0.9), 90)
    memory = estimates_after(memory, estimate(30, Eating=0.9), 90)
    memory = estimates_after(memory, estimate(60, Eating=0.9, Car=0.1, Cooking=0.2), 90)
    assert [start for start, _ in recent_estimates(memory, ["Eating", "Car", "Cooking"])] == [60.0]
