"""Training in bfloat16 on processors that support it."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# Its names among CPU flags: Intel and AMD, then ARM.
_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")


@cache
def has_bfloat16() -> bool:
    """Return whether this processor supports bfloat16; emulation is six times slower."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in _INSTRUCTIONS)


def low_precision(*, enabled: bool = True, device: str = "cpu") -> AbstractContextManager[None]:
    """Return a context for bfloat16, which changes nothing on processors without it.

    `device` is the type of torch's device; those other than the processor are taken to support it.
    It is never used for serving, because results would depend on the processor.
    """
    # Autocast refuses devices that it does not know even where it is disabled.
    if not enabled or (device == "cpu" and not has_bfloat16()):
        return nullcontext()
    return torch.autocast(device, torch.bfloat16)
