from pathlib import Path

import numpy as np
import pytest

from models.features import Features
from models.labels import ACTIVITIES, SCENARIOS
from models.research.egolog.days import composed as composed_days
from models.research.egolog.days.composed import (
    Days,
    compose,
    draw_stretch,
    labels,
    stream_features,
)
from models.simulation.life import day_plan
from models.simulation.sources.material import Material

SECONDS = 12


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("days")


@pytest.fixture(scope="module")
def days(cache: Path) -> Days:
    return compose(3, 3, SECONDS, Material(), cache)


def test_stretches_have_the_shapes_they_promise(days: Days) -> None:
    assert len(days) == 3
    assert days.seconds == SECONDS
    assert (days.mel.shape, days.mel.dtype) == ((3, 600, 64), np.float16)
    assert (days.imu.shape, days.imu.dtype) == ((3, 600, 6), np.float32)
    assert days.scenarios.shape == (3, SECONDS, 16)
    assert days.events.shape == (3, SECONDS, 2, 48)
    assert days.activities.shape == (3, SECONDS)
    assert days.motions.shape == (3, SECONDS // 2)
    assert np.isfinite(days.mel).all()
    assert (days.mel >= 0).all()


def test_every_second_has_a_scenario_and_its_stretchs_turn_is_among_them(
    days: Days,
) -> None:
    assert days.scenarios.any(axis=2).all()
    for number in range(3):
        assert days.scenarios[number, 0, number]


def test_what_was_made_once_is_read_again(
    days: Days, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("composed again")

    monkeypatch.setattr(composed_days, "draw_stretch", refuse)
    again = compose(3, 3, SECONDS, Material(), cache)
    for name, values in vars(days).items():
        assert np.array_equal(values, getattr(again, name)), name
    with pytest.raises(AssertionError, match="composed again"):
        compose(4, 3, SECONDS, Material(), cache)


def test_the_seed_decides_a_stretch(days: Days, tmp_path: Path) -> None:
    again, other = (compose(seed, 1, SECONDS, Material(), tmp_path) for seed in (3, 5))
    assert np.array_equal(again.mel[0], days.mel[0])
    assert np.array_equal(again.imu[0], days.imu[0])
    assert not np.array_equal(other.mel[0], days.mel[0])


def test_labels_are_those_of_each_second_of_the_plan() -> None:
    part = draw_stretch(np.random.default_rng(4), 40, Material(), index=4)
    scenarios, events, activities = labels(part, 40)
    for second in range(40):
        living = {s.label for s in part.plan.scenarios if s.start_s <= second < s.stop_s}
        doing = next(a.label for a in part.plan.activities if a.start_s <= second < a.stop_s)
        assert {SCENARIOS[i] for i in np.flatnonzero(scenarios[second])} == living
        assert ACTIVITIES[activities[second]] == doing
    sounding = {item.second for item in part.stage.audible_events(0, 40)}
    assert set(np.flatnonzero(events.any(axis=(1, 2)))) == sounding


def test_scenarios_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noted(rng: np.random.Generator, label: str) -> tuple[str, ...]:
        asked.append(label)
        return (label,)

    monkeypatch.setattr(day_plan, "with_second_scenario", noted)
    monkeypatch.setattr(composed_days, "BORDER_SHARE", 0.0)
    for index in range(32):
        draw_stretch(np.random.default_rng(index), 30, Material(), index=index)
    assert asked == [*SCENARIOS, *SCENARIOS]


def test_one_microphone_and_two_ears_hear_the_same_life_in_their_own_ways(tmp_path: Path) -> None:
    mono, ears = (compose(3, 1, 4, Material(), tmp_path, mono=m) for m in (True, False))
    assert np.array_equal(mono.imu, ears.imu)
    assert np.array_equal(mono.scenarios, ears.scenarios)
    assert not np.array_equal(mono.mel, ears.mel)
    assert abs(float(np.mean(mono.mel) - np.mean(ears.mel))) < 2.0


def test_features_are_computed_second_by_second_as_they_stream() -> None:
    rng, features = np.random.default_rng(0), Features()
    sound = rng.normal(0, 0.1, (2, 32_000)).astype(np.float32)
    mel, maps = stream_features(sound, features)
    assert (mel.shape, maps.shape) == ((100, 64), (2, 3, 50, 64))
    alone = stream_features(sound[:, 16_000:], features)
    assert np.array_equal(mel[50:], alone[0])
    assert np.array_equal(maps[1:], alone[1])


def test_without_far_sounds_the_same_stretch_is_lived(days: Days, tmp_path: Path) -> None:
    near = compose(3, 3, SECONDS, Material(), tmp_path, far=False)
    assert np.array_equal(near.imu, days.imu)
    assert np.array_equal(near.activities, days.activities)
    assert np.array_equal(near.scenarios, days.scenarios)
    assert np.array_equal(near.events[:, :, 0], days.events[:, :, 0])
    assert days.events[:, :, 1].any()
    assert not near.events[:, :, 1].any()
    assert not np.array_equal(near.mel, days.mel)
