from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas import ModelUpdate
from schemas.learning import SHIPPED

WHOLE: dict[str, Any] = {
    "model": "scenario",
    "revision": "0123456789ab",
    "parent": SHIPPED,
    "encoders": "ba9876543210",
    "sha256": "0" * 64,
    "weights": "s3://bucket/scenario-0123456789ab.safetensors",
    "created_ns": 1,
}


def test_an_update_is_of_every_device() -> None:
    assert ModelUpdate(**WHOLE).device_id == "all"


@pytest.mark.parametrize("part", ["weights", "sha256", "encoders"])
def test_a_revision_without_a_part_of_its_weights_is_refused(part: str) -> None:
    with pytest.raises(ValidationError, match="lacks weights, sha256 or encoders"):
        ModelUpdate(**{**WHOLE, part: None})


def test_shipped_weights_are_a_revision_without_a_file() -> None:
    ModelUpdate(model="scenario", revision=SHIPPED, created_ns=1)
    with pytest.raises(ValidationError, match="names weights; expected none"):
        ModelUpdate(**{**WHOLE, "revision": SHIPPED})


@pytest.mark.parametrize("revision", ["../0123456789", "0123456789AB", "0123456789abc", ""])
def test_a_revision_is_twelve_digits(revision: str) -> None:
    for part in ("revision", "parent", "encoders"):
        with pytest.raises(ValidationError, match="should match pattern"):
            ModelUpdate(**{**WHOLE, part: revision})
