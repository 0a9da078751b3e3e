from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from infra.settings import Settings
from models.egolog.scenario_memory import MEMORY_S, smooth_estimates
from models.serving.predict import ScenarioOutput
from operators.recent_estimates import estimates_after
from schemas import ScenarioEstimate, Vector
from streams.scenario_estimator import ScenarioEstimator, context, with_memory
from tests.streams.engine.fakes import Batcher
from tests.streams.engine.messages import estimate, spatial, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import Spatial
    from schemas.frames import Modality

OUTPUT = ScenarioOutput(
    scenarios={"Cooking": 0.7},
    key_frames=[1.0],
    sound_events={"frying": 0.5},
    motion={},
    embeddings=np.ones((15, 4), dtype=np.float32),
    revision="network+encoders",
    familiarity={"imu": 0.25},
    unknown=True,
    undisturbed={"Cooking": 0.8},
)


async def estimate_windows(
    *windows: Any,
    wearers: Any = None,
    corrected: Any = None,
    seconds: Sequence[Spatial] = (),
    **settings: Any,
) -> tuple[list[ScenarioEstimate], Batcher]:
    network = Batcher(OUTPUT)
    runtime: Any = SimpleNamespace(
        scenario_recognizer=network, wearers=wearers, corrected=corrected
    )
    estimator = ScenarioEstimator(Settings(_env_file=None, **settings), lambda: runtime)
    return [await estimator.estimate(each, seconds) for each in windows], network


async def test_an_estimate_carries_what_the_record_needs_of_its_window() -> None:
    [estimate], _ = await estimate_windows(window("scenario", 30, parts={"spatial": 30}, after=0))
    assert (estimate.scenarios, estimate.revision) == ({"Cooking": 0.7}, "network+encoders")
    assert (estimate.parts, estimate.after) == ({"spatial": 30}, 0)
    assert (estimate.familiarity, estimate.unknown) == ({"imu": 0.25}, True)
    assert estimate.undisturbed == {"Cooking": 0.8}
    assert estimate.embeddings.array().shape == (15, 4)


def test_activities_are_given_nothing_of_an_unknown_scenario() -> None:
    assert context(estimate(scenarios={"Eating": 0.9})) == {"Eating": 0.9}
    assert context(estimate(scenarios={"Eating": 0.9}, unknown=True)) == {}


@pytest.mark.parametrize("coverage", [{"imu": 1.0}, {"audio": 0.0, "imu": 1.0}])
def test_activities_are_given_no_scenario_that_was_read_from_motion_alone(
    coverage: dict[Modality, float],
) -> None:
    motion_alone = estimate(scenarios={"Eating": 0.9}, coverage=coverage)
    assert context(motion_alone) == {}
    heard = estimate(scenarios={"Eating": 0.9}, coverage={**coverage, "audio": 0.1})
    assert context(heard) == {"Eating": 0.9}


def test_activities_are_given_the_undisturbed_scenario_after_the_minutes_before() -> None:
    disturbed = {"Cooking": 0.3, "Eating": 0.4}
    assert context(estimate(scenarios=disturbed, undisturbed={"Cooking": 0.6, "Eating": 0.1})) == {
        "Cooking": 0.6,
        "Eating": 0.1,
    }
    first, second = estimate(), estimate(30, scenarios=disturbed, undisturbed={"Cooking": 0.6})
    memory = estimates_after(estimates_after((), first, MEMORY_S), second, MEMORY_S)
    before = dict(first.scenarios)
    assert context(second, memory) == smooth_estimates([(0.0, before), (30.0, {"Cooking": 0.6})])
    assert with_memory(second, memory).scenarios != context(second, memory)


@pytest.mark.parametrize("interference", ["drop", "near", "off"])
async def test_far_only_segments_are_left_out_where_something_is_done_against_interference(
    interference: str,
) -> None:
    seconds = [
        # What is published of a second says where, and the second by itself how far.
        spatial(33, left_near=0.9).model_copy(update={"alone": spatial(33, left_far=0.9).regions}),
        spatial(36, left_far=0.9, left_near=0.8),
    ]
    _, network = await estimate_windows(
        window("scenario", 30), seconds=seconds, interference=interference
    )
    far_only = network.items[0].far_only
    if interference == "off":
        assert far_only is None
    else:
        assert np.flatnonzero(far_only).tolist() == [1]


async def test_a_second_without_samples_is_masked() -> None:
    partly = window("scenario", slices={"audio": [0.0, 0.5] + [1.0] * 28})
    _, network = await estimate_windows(partly)
    [item] = network.items
    assert item.audio_mask.tolist() == [False] + [True] * 29
    assert not item.imu_mask.any()


async def test_a_wearers_own_adapter_is_used_where_there_are_adapters() -> None:
    class Wearers:
        async def adapter(self, device_id: str) -> str:
            return f"adapter of {device_id}"

    _, network = await estimate_windows(window("scenario"), wearers=Wearers())
    assert network.items[0].adapter == "adapter of d"
    assert network.items[0].corrections is None
    _, network = await estimate_windows(window("scenario"), corrected=Wearers())
    assert network.items[0].corrections == "adapter of d"
    assert network.items[0].adapter is None


async def test_the_audio_taggers_features_go_to_the_network_where_a_window_has_them() -> None:
    plain = window("scenario")
    mel = np.full((3_000, 128), 0.5, dtype=np.float16)
    tagged = window("scenario", features={**plain.features, "tagger_mel": Vector.of(mel, "<f2")})
    _, network = await estimate_windows(plain, tagged)
    assert network.items[0].tagger_mel is None
    np.testing.assert_array_equal(network.items[1].tagger_mel, mel)


def test_an_estimate_is_smoothed_by_the_minutes_before_in_its_own_order() -> None:
    weak = {"Eating": 0.02, "Cooking": 0.4}
    first = estimate(0, scenarios={"Eating": 0.02, "Cooking": 0.9})
    second = estimate(30, scenarios=weak)
    memory: tuple[float, ...] = ()
    for each in (first, second):
        memory = estimates_after(memory, each, MEMORY_S)
    smoothed = with_memory(second, memory)
    assert list(smoothed.scenarios) == ["Eating", "Cooking"]
    assert smoothed.scenarios == smooth_estimates([(0.0, first.scenarios), (30.0, weak)])
    assert smoothed.scenarios["Cooking"] > 0.5
    assert smoothed.model_copy(update={"scenarios": weak}) == second
    unknown = second.model_copy(update={"unknown": True})
    assert with_memory(unknown, estimates_after(memory, unknown, MEMORY_S)) == unknown
