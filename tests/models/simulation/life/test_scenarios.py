import pytest

from models.labels import ACTIVITIES, SCENARIOS, SOUND_EVENTS
from models.simulation.acoustics.rooms import KINDS
from models.simulation.life.motion import GESTURES
from models.simulation.life.scenarios import COMMON_FAR, DOINGS, INTERFERERS, SETTINGS, TOGETHER
from tests.models.simulation.life.common_activities import COMMON_ACTIVITIES


def test_every_scenario_and_every_activity_is_described() -> None:
    assert tuple(SETTINGS) == SCENARIOS
    assert tuple(DOINGS) == ACTIVITIES


def test_only_known_labels_rooms_and_gestures_are_used() -> None:
    for setting in SETTINGS.values():
        near = [label for own in setting.own.values() for label in own.sounds or {}]
        assert set(setting.far) | set(near) <= set(SOUND_EVENTS)
        assert set(setting.activities) <= set(ACTIVITIES)
        assert set(setting.rooms) <= set(KINDS)
        assert {own.gesture for own in setting.own.values()} <= {None, *GESTURES}
    for doing in DOINGS.values():
        assert set(doing.sounds) <= set(SOUND_EVENTS)
        assert doing.manner.gesture is None or doing.manner.gesture in GESTURES
    assert set(COMMON_FAR) <= set(SOUND_EVENTS)
    assert {name for pair in TOGETHER for name in pair} <= set(SCENARIOS)


def test_every_activity_but_the_posture_changes_belongs_to_a_scenario() -> None:
    used = {activity for setting in SETTINGS.values() for activity in setting.activities}
    assert used | {"standing up", "sitting down"} == set(ACTIVITIES)


@pytest.mark.parametrize("activity", COMMON_ACTIVITIES)
def test_common_activities_are_shared_by_many_scenarios(activity: str) -> None:
    assert sum(activity in setting.shared for setting in SETTINGS.values()) >= 5


def test_a_scenario_shares_nothing_but_the_common_activities() -> None:
    assert all(set(setting.shared) <= set(COMMON_ACTIVITIES) for setting in SETTINGS.values())


def test_any_sound_may_interfere_so_none_gives_a_scenario_away() -> None:
    assert set(INTERFERERS) == set(SOUND_EVENTS)
    assert all(weight > 0 for weight in INTERFERERS.values())
    assert sum(INTERFERERS.values()) == pytest.approx(1)
