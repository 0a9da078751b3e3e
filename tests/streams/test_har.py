from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from infra.settings import Settings
from models.serving.predict import ActivityEstimate, detected_scenarios
from schemas import Activity, NearPart, Spatial, Vector, Window
from schemas.frames import NS
from streams.engine.vocabulary.ranking import RankedLabels
from streams.har import (
    ActivityEstimator,
    is_motion_alone,
    memory_after,
    upright_after,
    with_memory,
)
from tests.streams.engine.fakes import Batcher
from tests.streams.engine.messages import spatial, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.position import Place

IMU = Vector.of(np.zeros((250, 6)))


class Estimating:
    """The agent with networks that say the same of everything."""

    def __init__(self, *, ranks: bool = False, **settings: Any) -> None:
        self.network = Batcher(ActivityEstimate({"cooking": 0.9}, {"imu": 0.4}, unknown=True))
        self.ranker = Batcher(RankedLabels({"stirring a pot": 0.4}, (7.0,)))
        labels = SimpleNamespace(current=SimpleNamespace(revision="labels"))
        ranking = SimpleNamespace(ranker=self.ranker, labels=labels, revision="lanhar")
        runtime: Any = SimpleNamespace(
            activity_recognizer=self.network,
            ranking=ranking if ranks else None,
            revisions={"har": "har+encoders"},
        )
        self.agent = ActivityEstimator(Settings(_env_file=None, **settings), lambda: runtime)

    async def __call__(
        self,
        primary: Window,
        seconds: Sequence[Spatial] = (),
        scenarios: dict[str, float] | None = None,
        upright: Sequence[float] = (),
        worn: Place | None = None,
    ) -> Activity:
        return await self.agent.estimate(primary, seconds, scenarios or {}, [], upright, worn=worn)


@pytest.mark.parametrize(
    ("scenarios", "expected"),
    [
        ({"Eating": 0.55, "Cooking": 0.6, "Handyman": 0.49}, ["Cooking", "Eating"]),
        ({"Eating": 0.45, "Cooking": 0.3}, ["Eating"]),
        ({"Eating": 0.19, "Cooking": 0.1}, []),
        ({}, []),
    ],
    ids=["all-from-a-half", "else-the-likeliest", "from-a-fifth", "none"],
)
async def test_an_activity_names_the_scenarios_that_its_network_was_given(
    scenarios: dict[str, float], expected: list[str]
) -> None:
    # The refiner's threshold has no part in it.
    for threshold in (0.1, 0.9):
        estimating = Estimating(llm_confidence_threshold=threshold)
        activity = await estimating(window("har", 30), scenarios=scenarios)
        [item] = estimating.network.items
        assert activity.scenarios == expected == sorted(detected_scenarios(item.scenarios))


async def test_an_activity_without_an_estimate_before_it_names_no_scenario() -> None:
    assert (await Estimating()(window("har"))).scenarios == []


async def test_far_sound_is_dropped_unless_it_is_all_there_is() -> None:
    far = [spatial(second, front_far=1.0) for second in range(5)]
    estimating = Estimating()
    loud = window("har", features={"mel": Vector.of(np.full((250, 64), 8.0), "<f2"), "imu": IMU})
    assert (await estimating(loud, far)).gate == "dropped"
    assert not estimating.network.items[-1].mel.any()
    assert estimating.network.items[-1].dropped
    deaf = window("har", features={"mel": Vector.of(np.zeros((250, 64)), "<f2")})
    activity = await estimating(deaf, far)
    assert (activity.gate, activity.far_field) == ("open", 1.0)
    assert not estimating.network.items[-1].dropped
    assert estimating.network.items[-1].mel is not None


async def test_the_gate_takes_each_second_by_itself() -> None:
    alone = [spatial(second, front_far=1.0) for second in range(5)]
    near = [
        spatial(second, front_near=1.0).model_copy(update={"alone": alone[second].regions})
        for second in range(5)
    ]
    loud = window("har", features={"mel": Vector.of(np.full((250, 64), 8.0), "<f2"), "imu": IMU})
    activity = await Estimating()(loud, near)
    assert (activity.gate, activity.far_field) == ("dropped", 1.0)


async def test_an_activity_says_how_familiar_its_window_is_and_whether_it_is_known() -> None:
    activity = await Estimating()(window("har"))
    assert (activity.activities, activity.familiarity) == ({"cooking": 0.9}, {"imu": 0.4})
    assert activity.unknown


def with_share(second: int, share: int) -> Spatial:
    part = NearPart(share=Vector.of(np.full((50, 64), share), "|u1"), energy=share / 255)
    return spatial(second, left_far=0.6, front_near=0.7).model_copy(update={"near_field": part})


@pytest.mark.parametrize(
    ("scenario", "gate"), [("Watching tv", "open"), ("Reading books", "dropped")]
)
async def test_far_sound_is_kept_where_the_wearer_attends_to_it(scenario: str, gate: str) -> None:
    far = [spatial(second, front_far=1.0) for second in range(5)]
    estimating = Estimating()
    loud = window("har", features={"mel": Vector.of(np.full((250, 64), 8.0), "<f2"), "imu": IMU})
    activity = await estimating(loud, far, {scenario: 0.9})
    assert activity.gate == gate
    assert estimating.network.items[-1].mel.any() == (gate == "open")
    # What is hardly likely says nothing.
    assert (await estimating(loud, far, {scenario: 0.1})).gate == "dropped"


async def test_where_far_sound_interferes_the_near_field_of_its_seconds_is_heard() -> None:
    loud = window(
        "har", 10, features={"mel": Vector.of(np.full((250, 64), 8.0), "<f2"), "imu": IMU}
    )
    seconds = [spatial(10), with_share(12, 0), with_share(14, 51)]
    estimating = Estimating(interference="near")
    activity = await estimating(loud, seconds)
    assert (activity.gate, activity.far_field) == ("near", 0.06)
    mel = estimating.network.items[-1].mel
    assert (mel[:100] == 8).all()
    assert not mel[100:150].any()
    assert (mel[150:200] == 8).all()
    np.testing.assert_allclose(mel[200:], np.log1p(np.expm1(8.0) / 5), atol=0.01)


@pytest.mark.parametrize(("interference", "gate"), [("off", "open"), ("drop", "dropped")])
async def test_what_becomes_of_far_sound_is_one_setting(interference: str, gate: str) -> None:
    estimating = Estimating(interference=interference)
    far = [spatial(second, front_far=1.0) for second in range(5)]
    loud = window("har", features={"mel": Vector.of(np.full((250, 64), 8.0), "<f2"), "imu": IMU})
    activity = await estimating(loud, far)
    assert (activity.gate, activity.far_field) == (gate, 1.0)
    assert estimating.network.items[-1].mel.any() == (gate == "open")


async def test_a_ranking_names_the_weights_and_the_labels_that_made_it() -> None:
    activity = await Estimating(ranks=True)(window("har"))
    assert activity.open_vocabulary == {"stirring a pot": 0.4}
    assert activity.revision == "har+encoders+lanhar.labels"


async def test_too_little_motion_is_not_ranked() -> None:
    estimating = Estimating(ranks=True)
    activity = await estimating(window("har", coverage={"imu": 0.49}))
    assert (activity.open_vocabulary, activity.revision) == ({}, "har+encoders")
    assert not estimating.ranker.items


def walking(start_s: int, up: int, size: float = 2.5) -> Window:
    """Return a window of steps with gravity along the axis `up`; of `size` 0, m/s², of rest."""
    rows = np.zeros((250, 6))
    rows[:, up] = 9.81 + size * np.sin(2 * np.pi * 1.8 * np.arange(250) / 50)
    rows[:, 3] = 0.1
    return window("har", start_s, features={"imu": Vector.of(rows)})


async def test_a_window_is_ranked_with_the_upright_of_the_windows_before_it() -> None:
    estimating = Estimating(ranks=True)
    upright: Sequence[float] = ()
    for number in range(5):
        upright = upright_after(upright, walking(5 * number, up=1))
    lying = walking(25, up=0)
    await estimating.agent.rank(lying)
    await estimating.agent.rank(lying, upright)
    unknown, known = estimating.ranker.items
    assert unknown.posture is None
    assert known.posture == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("worn", "seated"), [("pocket", 0.95), ("wrist", None), (None, None)])
async def test_a_pocket_tells_whether_its_wearer_sits(
    worn: Place | None, seated: float | None
) -> None:
    estimating = Estimating()
    upright: Sequence[float] = ()
    for number in range(5):
        upright = upright_after(upright, walking(5 * number, up=1))
    level = walking(25, up=0, size=0.0)
    await estimating(level, upright=upright, worn=worn)
    await estimating(level, worn=worn)
    after_steps, before_steps = estimating.network.items
    assert after_steps.seated == seated
    assert before_steps.seated is None


async def test_a_window_is_ranked_with_the_memory_of_those_before_it_and_hands_on_its_own() -> None:
    estimating = Estimating(ranks=True)
    here = walking(25, up=0)
    ranked = await estimating.agent.rank(here, memory=(3.0,))
    [item] = estimating.ranker.items
    assert (item.memory, item.start_s, item.position) == ((3.0,), here.start_ns / 1e9, None)
    assert ranked.memory == (7.0,)


async def test_a_window_is_ranked_and_remembered_as_of_where_its_device_is_worn() -> None:
    estimating = Estimating(ranks=True)
    await estimating.agent.rank(walking(25, up=0), worn="glasses")
    [item] = estimating.ranker.items
    assert item.position == "glasses"
    seated = (await estimating(walking(0, up=1))).model_copy(
        update={"activities": {"sitting": 0.9, "standing": 0.05}}
    )
    sure, unsure = (memory_after((), seated, worn) for worn in ("waist", "glasses"))
    assert sure != unsure


async def test_a_window_that_is_not_ranked_leaves_the_memory_as_it_is() -> None:
    sparse = window("har", coverage={"imu": 0.49})
    ranked = await Estimating(ranks=True).agent.rank(sparse, memory=(3.0,))
    assert (ranked.labels, ranked.memory, ranked.by) == ({}, (3.0,), "")


async def test_activities_of_motion_alone_follow_from_the_windows_before() -> None:
    still, with_sound = walking(0, up=1, size=0.0), walking(0, up=1, size=0.0)
    with_sound.features["mel"] = Vector.of(np.zeros((250, 64)))
    assert is_motion_alone(still)
    assert not is_motion_alone(with_sound)
    estimating = Estimating()
    record = (await estimating(still)).model_copy(update={"activities": {"sitting": 0.9}})
    unsure = record.model_copy(
        update={
            "start_ns": record.start_ns + 5 * NS,
            "activities": {"standing": 0.45, "sitting": 0.4},
        }
    )
    memory = memory_after(memory_after((), record), unsure)
    smoothed = with_memory(unsure, memory)
    assert max(smoothed.activities, key=smoothed.activities.__getitem__) == "sitting"
    assert (smoothed.unknown, smoothed.window_id) == (unsure.unknown, unsure.window_id)


async def test_who_lies_is_known_by_the_windows_before() -> None:
    estimating = Estimating()
    upright: Sequence[float] = ()
    for number in range(5):
        upright = upright_after(upright, walking(5 * number, up=1))
    sparse = walking(25, up=0).model_copy(update={"coverage": {"imu": 0.4}})
    for here, before in (
        (walking(25, up=0, size=0), upright),
        (walking(25, up=0, size=0), ()),
        (walking(25, up=1), upright),
        (sparse, upright),
    ):
        await estimating(here, upright=before)
    assert [item.lies for item in estimating.network.items] == [True, False, False, False]
    await estimating(walking(25, up=0, size=0), upright=upright, worn="pocket")
    assert not estimating.network.items[-1].lies
    assert [item.position for item in estimating.network.items[-2:]] == [None, "pocket"]


def test_a_window_without_motion_leaves_the_upright_as_it_is() -> None:
    upright = upright_after((), walking(0, up=1))
    assert upright_after(upright, window("har", 5, features={})) == upright
    sparse = walking(5, up=0).model_copy(update={"coverage": {"imu": 0.4}})
    assert upright_after(upright, sparse) == upright
