from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.cues import climbs, drop, has_steps, lift
from models.research.lanhar.interpretation.mechanisms import MECHANISMS
from models.research.lanhar.interpretation.patterns import CATEGORIES, MECHANICS, patterns
from models.research.lanhar.interpretation.scales import SCALES
from tests.models.research.lanhar.interpretation.mechanics import analyse, rest, rise, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.research.lanhar.interpretation.windows import Windows

LEVEL = analyse(steps(hz=1.8, vertical=1.8, horizontal=2.0, sharp=0.8))


@pytest.mark.parametrize("scale", SCALES, ids=lambda s: s.category)
def test_a_scale_has_one_level_more_than_borders_and_they_ascend(scale) -> None:  # type: ignore[no-untyped-def]
    assert len(scale.levels) == len(scale.borders) + 1
    assert list(scale.borders) == sorted(set(scale.borders))
    assert all(level.phrases for level in scale.levels)


def test_a_pattern_has_one_name_and_a_name_one_pattern() -> None:
    names = [name for listed in CATEGORIES.values() for name in listed]
    assert len(names) == len(set(names))


def test_a_border_belongs_to_the_upper_level() -> None:
    [scale] = [scale for scale in SCALES if scale.category == "stillness"]
    names = []
    for share in (0.0999, 0.1, 0.1001):
        level = scale.level(replace(LEVEL, still_share=share))
        assert level is not None
        names.append(level.name)
    assert names == [
        "moving throughout",
        "moving with short rests",
        "moving with short rests",
    ]


def test_rest_is_said_to_rest_and_nothing_about_steps() -> None:
    found = patterns(analyse(rest()))
    assert found[MECHANICS] == ("body at rest",)
    assert found["amplitude of movement"] == ("motionless",)
    assert not {"step rate", "vertical travel", "periodicity"} & set(found)


def test_level_steps_are_told_from_stairs_by_travel_balance_and_softness() -> None:
    stairs = analyse(steps(hz=1.6, vertical=3.0, horizontal=1.5, sharp=0.1))
    assert lift(LEVEL) < 0 < lift(stairs)
    assert patterns(LEVEL)[MECHANICS] == ("level steps",)
    assert "steps that lift or lower the body" in patterns(stairs)[MECHANICS]


def test_up_and_down_exclude_each_other() -> None:
    stairs = analyse(steps(hz=1.6, vertical=3.0, horizontal=1.5, sharp=0.1))
    hard = replace(stairs, jerk_skew=0.5, vertical_balance=0.8, vertical=3.8)
    gentle = replace(stairs, jerk_skew=-0.4, vertical_balance=0.4, vertical=2.3)
    assert drop(hard) > 0 > drop(gentle)
    assert "steps that drop down" in patterns(hard)[MECHANICS]
    assert "steps that push up" not in patterns(hard)[MECHANICS]
    assert "steps that push up" in patterns(gentle)[MECHANICS]


def test_running_flies_and_does_not_climb() -> None:
    running = analyse(steps(hz=2.6, vertical=8.0, horizontal=3.0, sharp=0.1))
    assert patterns(running)[MECHANICS] == ("flight between steps",)
    assert not climbs(running)


def test_a_single_large_movement_is_no_step() -> None:
    found = patterns(analyse(rise()))
    assert found["posture"] == ("turned over",)
    assert "step rate" not in found


def test_noise_has_no_steps() -> None:
    rng = np.random.default_rng(1)
    data = rng.normal(0, 0.55, (200, 120, 6)).astype(np.float32)
    data[..., 2] += 9.81
    assert sum(map(has_steps, analyse_all(data))) <= 2


def test_every_mechanism_is_reached_by_some_motion(recorded: Callable[[str], Windows]) -> None:
    seen: set[str] = set()
    for name in ("classyglass_50hz", "wisdm19_phone_20hz"):
        windows = recorded(f"{name}.npz")
        for analysis in analyse_all(windows.data[::20]):
            seen |= set(patterns(analysis).get(MECHANICS, ()))
    assert seen == {mechanism.name for mechanism in MECHANISMS}


@pytest.mark.parametrize(
    ("name", "label", "mechanism", "least"),
    [
        ("uci_hapt_20hz", "walking", "level steps", 0.85),
        ("uci_hapt_20hz", "going upstairs", "steps that lift or lower the body", 0.85),
        ("uci_hapt_20hz", "going downstairs", "steps that drop down", 0.7),
        ("classyglass_50hz", "walking", "level steps", 0.7),
        ("classyglass_50hz", "going downstairs", "steps that drop down", 0.6),
        ("classyglass_50hz", "running", "flight between steps", 0.85),
        ("wisdm19_phone_20hz", "running", "flight between steps", 0.85),
        ("wisdm19_watch_20hz", "running", "flight between steps", 0.85),
    ],
)
def test_mechanics_hold_on_every_device(
    recorded: Callable[[str], Windows], name: str, label: str, mechanism: str, least: float
) -> None:
    windows = recorded(f"{name}.npz")
    some = windows.data[windows.label == label][::3]
    found = [mechanism in patterns(a).get(MECHANICS, ()) for a in analyse_all(some)]
    assert np.mean(found) >= least
