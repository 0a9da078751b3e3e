from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.network import low_precision as module
from models.network.low_precision import has_bfloat16, low_precision

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    has_bfloat16.cache_clear()
    yield
    has_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx2": True, "avx512_bf16": True}, torch.bfloat16),
        ({"architecture": "aarch64", "bf16": True}, torch.bfloat16),
        ({}, torch.float32),
    ],
)
def test_the_precision_is_low_only_where_the_processor_multiplies_it(
    capabilities: dict[str, bool], expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.torch.cpu, "get_capabilities", lambda: capabilities)
    with low_precision():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == expected
    with low_precision(enabled=False):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_full_precision_is_no_matter_of_the_device() -> None:
    # Autocast has no meta device, and refuses it even where it is disabled.
    with low_precision(enabled=False, device="meta"):
        assert torch.ones(2, 2, device="meta").dtype == torch.float32
