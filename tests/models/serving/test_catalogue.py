from __future__ import annotations

import pytest

from models.serving.catalogue import all_keys, key_of
from models.serving.registry import WEIGHTS_DIR, UnknownModelError
from models.serving.served import (
    ENCODERS_ACCELERATION,
    ENCODERS_INT8,
    LANHAR_SENSOR_ACCELERATION,
)

DERIVED = {ENCODERS_INT8.name, ENCODERS_ACCELERATION.name, LANHAR_SENSOR_ACCELERATION.name}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownModelError, match=r"'vision' is unknown; expected one of audio, enc"):
        key_of("vision")


def test_a_name_has_its_key() -> None:
    assert [key_of(key.name) for key in all_keys()] == list(all_keys())


def test_the_shipped_keys_are_those_of_the_weights_files() -> None:
    files = {path.stem for path in WEIGHTS_DIR.glob("*.safetensors")}
    assert {key.name for key in all_keys() if key.shipped} | DERIVED == files
