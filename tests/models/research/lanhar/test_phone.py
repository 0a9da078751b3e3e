"""Rules of `models.research.lanhar.phone`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.research.lanhar.phone import exported, main, ranking
from models.serving.graph_file import GRAPHS_DIR, GraphFile
from models.serving.open_vocabulary import IN_FORCE
from models.serving.registry import Registry
from tests.models.research.lanhar.motion import steps

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("onnx")


def test_one_file_ranks_the_labels_in_force_as_the_network_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path / "phone" / "lanhar.onnx"), "--trials", "2"]) == 0
    written = (tmp_path / "phone" / "lanhar.onnx").read_bytes()
    assert "MB" in capsys.readouterr().out
    imu = steps(np.random.default_rng(0), 1.8, 2.0)[:100]
    registry = Registry()
    vector = registry.load(LANHAR_SENSOR).module.reading(imu)
    labels = registry.load(LANHAR_LABELS).module.labels().only(IN_FORCE)
    wanted = dict(zip(labels.names, (labels.vectors @ vector).tolist(), strict=True))
    assert dict(ranking(written)(imu)) == pytest.approx(wanted, abs=1e-4)


def test_a_tensor_that_is_missing_is_named() -> None:
    graph = GraphFile.read(GRAPHS_DIR, LANHAR_SENSOR.name)
    labels = Registry().load(LANHAR_LABELS).module.labels()
    with pytest.raises(KeyError, match=r"centre|sequence"):
        exported(graph, {}, labels, "")
