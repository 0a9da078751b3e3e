"""The torch device that a command computes on."""

from __future__ import annotations

from argparse import ArgumentTypeError

import torch


def torch_device(name: str) -> str:
    """Return the name of a device that torch can use here, as an argument's type.

    Raises `ArgumentTypeError` for another, before anything is composed for it.
    """
    try:
        torch.empty(0, device=name)
    # Without CUDA torch asserts that it has it.
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0][:160]
        raise ArgumentTypeError(
            f"device is {name!r}; expected cpu, or another that torch can use here ({why})"
        ) from error
    return name
