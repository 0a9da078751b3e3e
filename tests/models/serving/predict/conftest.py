"""The recognisers with fresh weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.serving.predict import ActivityRecognizer, ScenarioRecognizer, SoundLocalizer
from tests.models import fresh

if TYPE_CHECKING:
    from models.serving.registry import Registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def sound_localizer(registry: Registry) -> SoundLocalizer:
    return SoundLocalizer(registry)


@pytest.fixture(scope="module")
def scenario_recognizer(registry: Registry) -> ScenarioRecognizer:
    return ScenarioRecognizer(registry)


@pytest.fixture(scope="module")
def activity_recognizer(registry: Registry) -> ActivityRecognizer:
    return ActivityRecognizer(registry)
