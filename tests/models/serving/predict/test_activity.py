"""Rules of serving activities, which hold whatever the weights are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.egolog.familiarity import FAMILIARITY
from models.egolog.har import HAR
from models.labels import ACTIVITIES
from models.serving.predict import ActivityRecognizer, HarInput, PredictError
from tests.models import fresh
from tests.models.serving.predict.inputs import imu, mel

if TYPE_CHECKING:
    from pathlib import Path

    from models.serving.registry import Registry
    from schemas.position import Place


def test_activity_of_an_item_does_not_depend_on_its_company(
    activity_recognizer: ActivityRecognizer,
) -> None:
    items = [HarInput(mel(250, s), imu(250, s), {"Cooking": s / 3}) for s in range(4)]
    alone = [activity_recognizer.predict([item])[0] for item in items]
    assert activity_recognizer.predict(items) == alone
    assert activity_recognizer.predict(items[::-1])[::-1] == alone


@pytest.mark.parametrize(("sound", "motion"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("scenarios", [None, {}, {"Cooking": 0.9}, {"Cooking": 0.6, "Eating": 0.7}])
def test_an_activity_is_answered_with_any_inputs_missing(
    activity_recognizer: ActivityRecognizer,
    sound: bool,
    motion: bool,
    scenarios: dict[str, float] | None,
) -> None:
    item = HarInput(mel(250, 0) if sound else None, imu(250, 0) if motion else None, scenarios)
    (found,) = activity_recognizer.predict([item])
    assert tuple(found) == ACTIVITIES
    assert sum(found.values()) == pytest.approx(1, abs=2e-3)


def test_an_estimate_is_the_prediction_with_the_familiarity_of_its_motion(
    activity_recognizer: ActivityRecognizer,
) -> None:
    items = [HarInput(mel(250, 0), imu(250, 0)), HarInput(mel(250, 0), None)]
    both, with_sound = activity_recognizer.estimate(items)
    assert [both.activities, with_sound.activities] == activity_recognizer.predict(items)
    assert list(both.familiarity) == ["imu"]
    assert 0 <= both.familiarity["imu"] <= 1
    assert with_sound.familiarity == {}
    assert not with_sound.unknown


@pytest.mark.parametrize(("limit", "unknown"), [(1e-3, True), (1e3, False)])
def test_unfamiliar_motion_alone_is_unknown(tmp_path: Path, limit: float, unknown: bool) -> None:
    registry = fresh.registry(tmp_path)
    familiarity = registry.load(FAMILIARITY).module
    for reference in (familiarity, familiarity.locomotion):
        reference.limit.fill_(limit)
    registry.save(FAMILIARITY, familiarity)
    recognizer = ActivityRecognizer(registry)
    silence = np.zeros((250, 64), np.float32)
    alone, beside, dropped, silent = recognizer.estimate(
        [
            HarInput(None, imu(250, 0)),
            HarInput(mel(250, 0), imu(250, 0)),
            HarInput(silence, imu(250, 0), dropped=True),
            HarInput(silence, imu(250, 0)),
        ]
    )
    assert (alone.familiarity["imu"] < 0.5) == alone.unknown == dropped.unknown == unknown
    assert dropped.activities == silent.activities
    assert not silent.unknown
    assert beside.familiarity == alone.familiarity
    assert not beside.unknown


def test_motion_without_sound_has_a_limit_of_its_own(tmp_path: Path) -> None:
    registry = fresh.registry(tmp_path)
    familiarity = registry.load(FAMILIARITY).module
    familiarity.limit.fill_(1e3)
    familiarity.least_by_motion.fill_(1.0)
    registry.save(FAMILIARITY, familiarity)
    silence = np.zeros((250, 64), np.float32)
    alone, beside, dropped = ActivityRecognizer(registry).estimate(
        [
            HarInput(None, imu(250, 0)),
            HarInput(mel(250, 0), imu(250, 0)),
            HarInput(silence, imu(250, 0), dropped=True),
        ]
    )
    assert [alone.unknown, beside.unknown, dropped.unknown] == [True, False, False]


def test_nothing_is_done_lying_unless_it_is_heard(tmp_path: Path) -> None:
    registry = fresh.registry(tmp_path)
    familiarity = registry.load(FAMILIARITY).module
    familiarity.limit.fill_(1e3)
    registry.save(FAMILIARITY, familiarity)
    upright, lying, with_sound = ActivityRecognizer(registry).estimate(
        [
            HarInput(None, imu(250, 0)),
            HarInput(None, imu(250, 0), lies=True),
            HarInput(mel(250, 0), imu(250, 0), lies=True),
        ]
    )
    assert lying.activities == upright.activities
    assert [upright.unknown, lying.unknown, with_sound.unknown] == [False, True, False]


def sure_of_unfamiliar_motion(folder: Path, *names: str) -> Registry:
    """Return networks to which all motion is unfamiliar, and these activities are likeliest."""
    registry = fresh.registry(folder)
    familiarity = registry.load(FAMILIARITY).module
    for reference in (familiarity, familiarity.locomotion):
        reference.limit.fill_(1e-3)
    registry.save(FAMILIARITY, familiarity)
    har = registry.load(HAR).module
    with torch.no_grad():
        har.out.bias[[ACTIVITIES.index(name) for name in names]] += 20
    registry.save(HAR, har)
    return registry


@pytest.mark.parametrize(("seated", "posture"), [(0.95, "sitting"), (0.05, "standing")])
def test_a_tilt_shows_a_posture_however_unfamiliar_its_motion_is(
    tmp_path: Path, seated: float, posture: str
) -> None:
    registry = sure_of_unfamiliar_motion(tmp_path, "sitting", "standing")
    recognizer = ActivityRecognizer(registry)
    elsewhere, pocket, beside, without = recognizer.estimate(
        [
            HarInput(None, imu(250, 0)),
            HarInput(None, imu(250, 0), seated=seated),
            HarInput(mel(250, 0), imu(250, 0), seated=seated),
            HarInput(mel(250, 0), imu(250, 0)),
        ]
    )
    assert max(pocket.activities, key=pocket.activities.__getitem__) == posture
    assert pocket.activities[posture] > 0.9
    assert pocket.familiarity == elsewhere.familiarity
    assert [elsewhere.unknown, pocket.unknown] == [True, False]
    # Sound tells more than a tilt, and the network was trained with it.
    assert beside.activities == without.activities


@pytest.mark.parametrize(
    ("position", "name", "unknown"),
    [
        ("ear", "sitting", False),
        ("glasses", "standing", False),
        ("head", "sitting", False),
        ("waist", "sitting", False),
        ("wrist", "sitting", True),
        ("pocket", "sitting", True),
        ("unknown", "sitting", True),
        (None, "sitting", True),
        ("ear", "typing on a keyboard", True),
        ("ear", "walking", True),
    ],
)
def test_a_head_or_a_waist_shows_postures_alone_however_unfamiliar_its_motion_is(
    tmp_path: Path, position: Place | None, name: str, unknown: bool
) -> None:
    registry = sure_of_unfamiliar_motion(tmp_path, name)
    familiarity = registry.load(FAMILIARITY).module
    recognizer = ActivityRecognizer(registry)
    silence = np.zeros((250, 64), np.float32)
    alone, dropped = recognizer.estimate(
        [
            HarInput(None, imu(250, 0), position=position),
            HarInput(silence, imu(250, 0), dropped=True, position=position),
        ]
    )
    assert max(alone.activities, key=alone.activities.__getitem__) == name
    assert (alone.unknown, dropped.unknown) == (unknown, True)
    familiarity.least_by_motion.fill_(1.1)
    registry.save(FAMILIARITY, familiarity)
    unlikely = HarInput(None, imu(250, 0), position=position)
    assert ActivityRecognizer(registry).estimate([unlikely])[0].unknown


def test_motion_of_fewer_seconds_than_sound_is_an_error(
    activity_recognizer: ActivityRecognizer,
) -> None:
    with pytest.raises(PredictError, match="imu is of 4 whole seconds; expected 5, those of mel"):
        activity_recognizer.predict([HarInput(mel(250, 0), imu(200, 0), None)])


def test_the_scenario_context_changes_the_activity(activity_recognizer: ActivityRecognizer) -> None:
    desk, gym = (
        activity_recognizer.predict([HarInput(mel(250, 0), imu(250, 0), {name: 0.9})])[0]
        for name in ("Working at desk", "Working out at home")
    )
    assert desk != gym
