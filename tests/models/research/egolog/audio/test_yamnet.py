"""Rules of `models.research.egolog.audio.yamnet`."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.labels import CATEGORIES
from models.research.egolog.audio import yamnet
from models.research.egolog.audio.yamnet import SYNONYMS, Yamnet, YamnetError, class_names
from tests.shared_data import shared_data


def test_every_category_has_synonyms() -> None:
    assert tuple(sorted(SYNONYMS)) == tuple(sorted(CATEGORIES))
    assert all(SYNONYMS.values())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    with pytest.raises(YamnetError, match=r"x\.tflite does not exist; expected YAMNet's"):
        Yamnet(tmp_path / "x.tflite")


def test_another_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "x.tflite").write_bytes(b"not a model")
    with pytest.raises(YamnetError, match=r"x\.tflite cannot be read"):
        Yamnet(tmp_path / "x.tflite")


def test_a_missing_interpreter_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("ai_edge_litert"):
            raise ImportError(name, name=name)
        return load(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(
        YamnetError, match=r"YAMNet needs ai-edge-litert; install it with: pip install"
    ):
        Yamnet(tmp_path / "x.tflite")


def test_a_class_map_of_another_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    path.write_text("index,mid,display_name\n0,/m/x,Speech\n")
    with pytest.raises(YamnetError, match="has 1 classes; expected 521"):
        class_names(path)


def test_a_patch_is_heard_each_half_second() -> None:
    pytest.importorskip("ai_edge_litert")
    path = shared_data() / "reference" / "yamnet.tflite"
    if not path.is_file():
        pytest.skip(f"no YAMNet at {path}")
    network = Yamnet(path)
    noise = np.random.default_rng(0).standard_normal(80_000).astype(np.float32) * 0.1
    embeddings, scores = network(noise)
    assert embeddings.shape == (9, yamnet.WIDTH)
    assert scores.shape == (9, yamnet.SCORES)
    assert network(noise[:8_000])[0].shape == (1, yamnet.WIDTH)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_the_synonyms_are_names_that_yamnet_has() -> None:
    path = shared_data() / "labels" / "yamnet_class_map.csv"
    if not path.is_file():
        pytest.skip(f"no class map at {path}")
    assert {name for row in SYNONYMS.values() for name in row} <= set(class_names(path))
