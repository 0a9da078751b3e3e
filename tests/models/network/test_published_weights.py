from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from models.network.published_weights import (
    UnreadableWeightsError,
    WrongWeightsError,
    fit_into,
    read_weights,
)


def test_both_kinds_of_file_hold_the_same(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(3.0)}
    torch.save(tensors, tmp_path / "x.pt")
    torch.save({"state_dict": tensors, "epoch": 3}, tmp_path / "x.pth")
    save_file(tensors, tmp_path / "x.safetensors")
    for name in ("x.pt", "x.pth", "x.safetensors"):
        assert read_weights(tmp_path / name)["a"].tolist() == [0, 1, 2]


class _Runs:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"a": _Runs(tmp_path / "ran")}, tmp_path / "x.pt")
    with pytest.raises(UnreadableWeightsError, match="cannot be read"):
        read_weights(tmp_path / "x.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps([1], protocol=2)])
@pytest.mark.parametrize("name", ["x.pt", "x.safetensors"])
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableWeightsError, match=r"weights .*x\.") as raised:
        read_weights(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_what_is_no_weights_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableWeightsError, match=r"expected \.pt, \.pth, \.safetensors"):
        read_weights(tmp_path / "x.onnx")
    with pytest.raises(UnreadableWeightsError, match="do not exist"):
        read_weights(tmp_path / "x.pt")
    torch.save({"a": 3}, tmp_path / "x.pt")
    with pytest.raises(UnreadableWeightsError, match="hold 'a' of type int"):
        read_weights(tmp_path / "x.pt")


def test_the_first_key_that_does_not_fit_is_named_with_both_shapes() -> None:
    path = Path("w.pt")
    right = {"weight": torch.ones(2, 3), "bias": torch.ones(2)}
    module = nn.Linear(3, 2)
    fit_into(module, right, path)
    assert module(torch.ones(1, 3)).tolist() == [[4.0, 4.0]]
    assert not any(parameter.requires_grad for parameter in module.parameters())
    with pytest.raises(WrongWeightsError, match=r"lack 'bias' of shape \(2,\)"):
        fit_into(module, {"weight": right["weight"]}, path)
    with pytest.raises(WrongWeightsError, match=r"'weight' of shape \(2, 4\); expected \(2, 3\)"):
        fit_into(module, {**right, "weight": torch.ones(2, 4)}, path)
    with pytest.raises(WrongWeightsError, match="hold 'more', which the network does not have"):
        fit_into(module, {**right, "more": torch.ones(1)}, path)
