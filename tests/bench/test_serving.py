from __future__ import annotations

from bench.serving import STEPS, in_turn
from models.research.graphs import graphs
from models.serving.served import ALL


def test_every_graph_that_serves_windows_is_measured() -> None:
    served = {graph for each in ALL for graph in each.graphs}
    assert {name for _, name, _, _ in STEPS} == served - {"lanhar_text"}
    for _, name, every_s, shapes in STEPS:
        assert every_s > 0
        assert set(shapes) <= set(graphs()[name].example)


def test_calls_are_made_in_turn_and_the_first_counts_for_none() -> None:
    order: list[str] = []
    taken = in_turn({"one": lambda: order.append("one"), "other": lambda: order.append("other")})
    assert order[:4] == ["one", "other", "one", "other"]
    assert set(taken) == {"one", "other"}
