from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.labels import ACTIVITIES
from models.serving.activity_memory import activities_after, remembered_activities

if TYPE_CHECKING:
    from schemas.position import Position


def remembered(*windows: dict[str, float], position: Position | None = None) -> dict[str, float]:
    memory: tuple[float, ...] = ()
    for number, window in enumerate(windows):
        memory = activities_after(memory, 5.0 * number, window, position)
    return remembered_activities(memory, position)


SEATED = {"sitting": 0.8, "standing": 0.1}
UNSURE = {"standing": 0.4, "sitting": 0.35}


def test_who_sits_still_sits_until_standing_up_is_felt() -> None:
    still = remembered(SEATED, SEATED, UNSURE)
    assert max(still, key=still.__getitem__) == "sitting"
    risen = remembered(SEATED, SEATED, {"standing up": 0.8}, UNSURE)
    assert max(risen, key=risen.__getitem__) == "standing"


def test_a_still_head_does_not_outweigh_that_its_wearer_rose() -> None:
    leaning = [{"sitting": 0.45, "standing": 0.3}] * 24
    at_waist = remembered({"standing up": 0.8}, *leaning, position="waist")
    assert max(at_waist, key=at_waist.__getitem__) == "sitting"
    on_head = remembered({"standing up": 0.8}, *leaning, position="glasses")
    assert max(on_head, key=on_head.__getitem__) == "standing"


def test_a_pocket_is_less_sure_than_a_wrist() -> None:
    seated = [SEATED] * 9
    in_pocket, at_wrist = (remembered(*seated, position=at) for at in ("pocket", "wrist"))
    assert max(in_pocket.values()) < max(at_wrist.values())


def test_every_activity_has_a_probability() -> None:
    smoothed = remembered(SEATED)
    assert tuple(smoothed) == ACTIVITIES
    assert sum(smoothed.values()) == pytest.approx(1, abs=1e-3)


def test_windows_that_are_unsure_are_less_sure_together() -> None:
    assert max(remembered(*[UNSURE] * 60).values()) < 0.7
    assert max(remembered(*[SEATED] * 60).values()) > 0.9
