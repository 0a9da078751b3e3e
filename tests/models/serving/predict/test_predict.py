"""Rules of all recognisers, which hold whatever the weights are."""

from __future__ import annotations

import numpy as np
import pytest

from models.labels import ACTIVITIES
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    PredictError,
    ScenarioInput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from tests.models.serving.predict.inputs import imu, mel, second, window


def test_a_window_without_anything_is_answered(
    scenario_recognizer: ScenarioRecognizer, activity_recognizer: ActivityRecognizer
) -> None:
    (found,) = scenario_recognizer.predict([window(0, sound=False, motion=False)])
    assert np.isfinite(list(found.scenarios.values())).all()
    (activity,) = activity_recognizer.predict([HarInput(None, None, None)])
    assert sum(activity.values()) == pytest.approx(1, abs=2e-3)


def test_windows_of_other_lengths_are_answered(
    scenario_recognizer: ScenarioRecognizer, activity_recognizer: ActivityRecognizer
) -> None:
    assert len(scenario_recognizer.predict([window(0, seconds=10)])[0].key_frames) == 5
    (activity,) = activity_recognizer.predict([HarInput(mel(500, 0), imu(500, 0), None)])
    assert tuple(activity) == ACTIVITIES


def test_arrays_of_other_shapes_are_refused(
    sound_localizer: SoundLocalizer,
    scenario_recognizer: ScenarioRecognizer,
    activity_recognizer: ActivityRecognizer,
) -> None:
    with pytest.raises(PredictError, match="2 planes; expected 1, 3 or 10"):
        sound_localizer.predict([second(0, planes=2)])
    with pytest.raises(PredictError, match=r"imu has shape \(40, 6\)"):
        sound_localizer.predict([LocalizerInput(second(0).maps, imu(40, 0))])
    item = window(0)
    with pytest.raises(PredictError, match=r"mel has shape \(100, 64\)"):
        scenario_recognizer.predict(
            [ScenarioInput(mel(100, 0), None, item.audio_mask, item.imu_mask)]
        )
    with pytest.raises(PredictError, match="a multiple of 2"):
        scenario_recognizer.predict([window(0, seconds=29)])
    with pytest.raises(PredictError, match="imu has shape"):
        activity_recognizer.predict([HarInput(None, imu(250, 0)[:, :3], None)])
