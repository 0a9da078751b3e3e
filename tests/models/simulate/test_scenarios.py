from models.labels import ACTIVITIES, SCENARIOS, SOUND_EVENTS
from models.simulate.motion import GESTURES
from models.simulate.rooms import KINDS
from models.simulate.scenarios import DOINGS, SETTINGS


def test_every_scenario_and_every_activity_is_described() -> None:
    assert tuple(SETTINGS) == SCENARIOS
    assert tuple(DOINGS) == ACTIVITIES


def test_only_known_labels_rooms_and_gestures_are_used() -> None:
    for setting in SETTINGS.values():
        own = [label for weights in setting.own.values() for label in weights]
        assert set(setting.near) | set(setting.far) | set(own) <= set(SOUND_EVENTS)
        assert set(setting.activities) | set(setting.own) | set(setting.gestures) <= set(ACTIVITIES)
        assert set(setting.rooms) <= set(KINDS)
        assert set(setting.gestures.values()) <= set(GESTURES)
    for doing in DOINGS.values():
        assert set(doing.sounds) <= set(SOUND_EVENTS)
        assert doing.manner.gesture is None or doing.manner.gesture in GESTURES


def test_every_activity_but_the_posture_changes_belongs_to_a_scenario() -> None:
    used = {activity for setting in SETTINGS.values() for activity in setting.activities}
    assert used | {"standing up", "sitting down"} == set(ACTIVITIES)


def test_common_activities_are_shared_by_many_scenarios() -> None:
    for activity in ("walking", "sitting", "standing", "talking"):
        assert sum(activity in s.activities for s in SETTINGS.values()) >= 5
