from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from infra import topics
from models.serving.predict import ScenarioOutput
from schemas import Vector
from streams.scenario_estimator import ScenarioEstimator
from tests.streams.engine.fakes import Batcher, Inbox, Queue
from tests.streams.engine.messages import window

OUTPUT = ScenarioOutput(
    scenarios={"Cooking": 0.7},
    key_frames=[1.0],
    sound_events={"frying": 0.5},
    motion={},
    embeddings=np.ones((15, 4), dtype=np.float32),
    revision="network+encoders",
    familiarity={"imu": 0.25},
    unknown=True,
)


async def estimated(*windows: Any, wearers: Any = None) -> tuple[Queue, Inbox, Batcher]:
    inbox, network = Inbox(), Batcher(OUTPUT)
    queue = Queue([inbox.receive(each) for each in windows])
    runtime: Any = SimpleNamespace(scenario_recognizer=network, wearers=wearers)
    way_out: Any = queue
    stream: Any = None
    await ScenarioEstimator(way_out, lambda: runtime).read(stream)
    return queue, inbox, network


async def test_an_estimate_carries_what_the_joins_need_of_its_window() -> None:
    queue, inbox, _ = await estimated(window("scenario", 30, parts={"spatial": 30}, after=0))
    [estimate] = queue.of(topics.SCENARIO_ESTIMATE)
    assert (estimate.scenarios, estimate.revision) == ({"Cooking": 0.7}, "network+encoders")
    assert (estimate.parts, estimate.after) == ({"spatial": 30}, 0)
    assert (estimate.familiarity, estimate.unknown) == ({"imu": 0.25}, True)
    assert estimate.embeddings.array().shape == (15, 4)
    assert inbox.acked == [0]


async def test_windows_of_other_kinds_are_acknowledged_unseen() -> None:
    queue, inbox, network = await estimated(window("har"), window("spatial"))
    assert not queue.of(topics.SCENARIO_ESTIMATE)
    assert not network.items
    assert inbox.acked == [0, 1]


async def test_a_second_without_samples_is_masked() -> None:
    partly = window("scenario", slices={"audio": [0.0, 0.5] + [1.0] * 28})
    _, _, network = await estimated(partly)
    [item] = network.items
    assert item.audio_mask.tolist() == [False] + [True] * 29
    assert not item.imu_mask.any()


async def test_a_wearers_own_adapter_is_used_where_there_are_adapters() -> None:
    class Wearers:
        async def adapter(self, device_id: str) -> str:
            return f"adapter of {device_id}"

    _, _, network = await estimated(window("scenario"), wearers=Wearers())
    assert network.items[0].adapter == "adapter of d"


async def test_the_audio_taggers_features_go_to_the_network_where_a_window_has_them() -> None:
    plain = window("scenario")
    mel = np.full((3_000, 128), 0.5, dtype=np.float16)
    tagged = window("scenario", features={**plain.features, "tagger_mel": Vector.of(mel, "<f2")})
    _, _, network = await estimated(plain, tagged)
    assert network.items[0].tagger_mel is None
    np.testing.assert_array_equal(network.items[1].tagger_mel, mel)
