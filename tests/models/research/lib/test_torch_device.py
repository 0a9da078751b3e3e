from __future__ import annotations

from argparse import ArgumentTypeError

import pytest
import torch

from models.research.lib.torch_device import torch_device


def test_a_device_that_torch_can_use_is_taken() -> None:
    assert [torch_device(name) for name in ("cpu", "meta")] == ["cpu", "meta"]


@pytest.mark.parametrize(
    "name",
    [
        "gpu",
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(
                torch.cuda.is_available(), reason="this machine has a CUDA device"
            ),
        ),
    ],
)
def test_another_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(ArgumentTypeError) as refused:
        torch_device(name)
    [line] = str(refused.value).splitlines()
    assert line.startswith(f"device is '{name}'; expected cpu, or another that torch can use here")
