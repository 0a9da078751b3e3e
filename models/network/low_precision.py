"""Half the precision while training, where the processor computes it faster."""

from __future__ import annotations

from functools import cache

import torch

# What names it among a processor's capabilities: Intel and AMD, then ARM.
_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")


@cache
def has_bfloat16() -> bool:
    """Say whether this processor multiplies bfloat16; where it does not, it is six times slower."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in _INSTRUCTIONS)


def low_precision(*, enabled: bool = True) -> torch.autocast:
    """Return a context that computes in bfloat16 where that is faster, and as usual elsewhere.

    Nothing that is served computes in it: estimates would depend on the processor.
    """
    return torch.autocast("cpu", torch.bfloat16, enabled=enabled and has_bfloat16())
