"""Rules of `models.serving.graph_file`."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.serving.graph_file import (
    GRAPHS_DIR,
    GraphError,
    GraphFile,
    difference,
    make,
    served_config,
)


def test_a_graph_comes_back_as_it_was_written(tmp_path: Path) -> None:
    graph = GraphFile(b"model", ("a.weight",), {"hidden": 3, "stages": [1, 2]})
    graph.write(tmp_path, "mine")
    assert GraphFile.read(tmp_path, "mine") == graph


@pytest.mark.parametrize("about", [None, "{", "[]", '{"weights": []}'])
def test_a_damaged_graph_is_named(tmp_path: Path, about: str | None) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"model")
    if about is not None:
        (tmp_path / "mine.json").write_text(about)
    with pytest.raises(GraphError, match=r"mine.onnx cannot be read"):
        GraphFile.read(tmp_path, "mine")


def test_sizes_leave_out_what_only_training_looks_at() -> None:
    assert served_config({"a": {"dropout": 0.1, "b": (1, (2, 3))}}) == {"a": {"b": [1, [2, 3]]}}


def test_the_first_difference_is_named_with_both_sizes() -> None:
    ours = {"a": {"b": [1]}, "c": 2}
    assert difference(ours, {"a": {"b": [1]}, "c": 2}) is None
    assert difference(ours, {"a": {"b": [2]}, "c": 2}) == "a.b is [2]; expected [1]"
    assert difference(ours, {"a": {"b": [1]}}) == "c is None; expected 2"


def test_all_graphs_together_are_small() -> None:
    assert 0 < sum(file.stat().st_size for file in GRAPHS_DIR.iterdir()) < 1_000_000


def test_the_command_that_makes_a_graph_anew_leaves_those_of_other_weights_alone() -> None:
    own, shipped = Path("/srv/my weights"), GRAPHS_DIR.parent
    assert make("har", shipped) == "python -m models.research.graphs har"
    assert make("har", own) == ("python -m models.research.graphs --weights '/srv/my weights' har")
    assert make("seconds_int8", shipped) == "python -m models.research.int8"
    assert make("seconds_int8", own) == "python -m models.research.int8 --weights '/srv/my weights'"
