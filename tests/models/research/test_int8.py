"""Rules of `models.research.int8`, and of what a worker serves of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.research import int8
from models.serving.catalogue import key_of
from models.serving.registry import DamagedWeightsError, Registry
from models.serving.served import ENCODERS, ENCODERS_INT8
from models.serving.session import GraphSession
from tests.models import fresh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def sound(count: int, seconds: int) -> NDArray[np.float32]:
    """Return log-mels of noise that swells, band by band."""
    rng = np.random.default_rng(count)
    level = rng.uniform(0, 15, (count, 1, 64)) * rng.random((count, 50 * seconds, 1))
    return (level + rng.random((count, 50 * seconds, 64))).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained small encoders, and those in eight bits."""
    folder = tmp_path_factory.mktemp("int8")
    registry = Registry(folder)
    registry.save(key_of("encoders"), fresh.encoders())
    for name in ENCODERS.graphs:
        int8.GraphFile.read(fresh.GRAPHS, name).write(folder / "graphs", name)
    examples = {name: sound(12, seconds) for name, seconds in int8.SECONDS.items()}
    int8.make(registry.weights(ENCODERS), examples, folder, folder / "graphs")
    return folder


@pytest.mark.parametrize("name", int8.SECONDS)
def test_eight_bits_are_close_to_what_they_were_made_of(name: str) -> None:
    mels = sound(20, int8.SECONDS[name])
    whole, small = Registry().open(ENCODERS), Registry(precision="int8").open(ENCODERS)
    wanted, made = (
        np.concatenate([opened.sessions[name].run(mel=mel[None])[0] for mel in mels])
        for opened in (whole, small)
    )
    assert not np.array_equal(wanted, made)
    assert np.square(wanted - made).mean() < 0.02 * wanted.var(axis=0).mean()


def test_products_of_two_weights_fit_sixteen_bits() -> None:
    tensors = Registry().weights(ENCODERS_INT8).tensors
    weights = [each for each in tensors.values() if each.dtype == np.int8 and each.ndim > 1]
    assert len(weights) > 20
    assert all(2 * 255 * np.abs(each.astype(int)).max() < 2**15 for each in weights)


def test_an_odd_last_row_is_heard_as_loud_as_the_others(folder: Path) -> None:
    graph = int8.GraphFile.read(folder / "graphs", "seconds")
    tensors = Registry(folder).weights(ENCODERS).tensors
    whole = GraphSession.of(graph, tensors)
    mel = sound(1, 1)
    prepared = int8.prepare(graph, tensors, 50).SerializeToString()
    same = GraphSession.of(int8.GraphFile(prepared, (), {}), {})
    assert np.allclose(whole.run(mel=mel)[0], same.run(mel=mel)[0], atol=1e-4)


def test_records_name_the_encoders_and_their_eight_bits() -> None:
    opened = Registry(precision="int8").open(ENCODERS)
    assert opened.recorded == f"{opened.whole_revision}+{opened.int8[:8]}"
    assert opened.int8 == Registry().weights(ENCODERS_INT8).revision
    assert Registry().open(ENCODERS).recorded == opened.whole_revision


def test_without_weights_in_eight_bits_all_is_float32(tmp_path: Path) -> None:
    opened = Registry(fresh.registry(tmp_path).weights_dir, "int8").open(ENCODERS)
    assert opened.int8 == ""


def test_eight_bits_of_other_encoders_are_refused(folder: Path, tmp_path: Path) -> None:
    registry = fresh.registry(tmp_path)
    network = fresh.encoders()
    network.audio.events.reset_parameters()
    registry.save(key_of("encoders"), network)
    (tmp_path / "encoders_int8.safetensors").write_bytes(
        (folder / "encoders_int8.safetensors").read_bytes()
    )
    with pytest.raises(
        DamagedWeightsError, match=r"make them anew .* or set EGOLOG_PRECISION"
    ) as no:
        Registry(tmp_path, "int8").open(ENCODERS)
    # Without the folder it would make those of the package anew.
    assert f"(python -m models.research.int8 --weights {tmp_path})" in str(no.value)
    assert Registry(tmp_path).open(ENCODERS).int8 == ""


def test_weights_that_are_missing_are_named_before_days_are_composed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(int8, "training_days", lambda *_: pytest.fail("days are composed"))
    (tmp_path / "har.safetensors").touch()
    assert int8.main(["--weights", str(tmp_path)]) == 2
    assert "encoders.safetensors do not exist" in capsys.readouterr().err
