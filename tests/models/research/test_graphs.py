"""The graphs that ship are those of the networks as they are."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from models.research.graph_export import export
from models.research.graphs import graphs, main
from models.serving.graph_file import GRAPHS_DIR, GraphFile
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from pathlib import Path


def exported(name: str) -> GraphFile:
    graph = graphs()[name]
    return export(graph, Registry().load(graph.key).module)


def test_a_shipped_graph_is_what_its_network_exports_now() -> None:
    assert exported("scenario_rows") == GraphFile.read(GRAPHS_DIR, "scenario_rows")


@pytest.mark.accuracy
@pytest.mark.parametrize("name", sorted(graphs()))
def test_every_shipped_graph_is_what_its_network_exports_now(name: str) -> None:
    assert exported(name) == GraphFile.read(GRAPHS_DIR, name)


def test_a_graph_holds_no_weights_and_nothing_of_this_machine() -> None:
    files = list(GRAPHS_DIR.glob("*.onnx"))
    assert files
    for file in files:
        model = file.read_bytes()
        assert b"site-packages" not in model
        assert b".py" not in model, file
        assert len(model) < 200_000


def test_a_name_that_is_no_graph_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "nothing"])
    assert "graph 'nothing' is unknown; expected localization_mono" in capsys.readouterr().err


def test_graphs_of_own_weights_lie_beside_them(tmp_path: Path) -> None:
    shutil.copy(WEIGHTS_DIR / "scenario.safetensors", tmp_path)
    before = {file: file.stat().st_mtime_ns for file in GRAPHS_DIR.iterdir()}
    assert main(["--weights", str(tmp_path), "scenario_rows"]) == 0
    assert GraphFile.read(tmp_path / "graphs", "scenario_rows").weights == (
        GraphFile.read(GRAPHS_DIR, "scenario_rows").weights
    )
    assert {file: file.stat().st_mtime_ns for file in GRAPHS_DIR.iterdir()} == before
