"""The peers do the product's work: the same windows, and the same answers where nothing joins."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.load.messages import Fleet, outgoing
from bench.load.recording import Rates, simulate_recording
from bench.without_stream.bare import BareLoop
from bench.without_stream.networks import Networks
from bench.without_stream.work import Work
from infra import topics
from infra.settings import load
from models.network.windows import SCENARIO_WINDOW_S
from schemas import Activity, Message, Scenario, Spatial

SETTINGS = load(None)
RECORDING = simulate_recording(30, Rates())
KINDS: dict[str, type[Message]] = {
    topics.SPATIAL: Spatial,
    topics.ACTIVITY: Activity,
    topics.SCENARIO: Scenario,
}


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks(SETTINGS)


@pytest.fixture(scope="module")
def records(networks: Networks) -> list[tuple[str, bytes]]:
    work = Work(SETTINGS, networks)
    sent = outgoing(Fleet("f", 1, RECORDING))
    return [record for out in sent for record in work.take(out.topic, out.frame.encode())]


def test_each_window_has_one_record(records: list[tuple[str, bytes]]) -> None:
    assert Counter(topic for topic, _ in records) == {
        topics.SPATIAL: 30,
        topics.ACTIVITY: 6,
        topics.SCENARIO: 1,
    }


def test_records_are_those_of_the_product(records: list[tuple[str, bytes]]) -> None:
    decoded = {topic: KINDS[topic].decode(value) for topic, value in records}
    scenario = decoded[topics.SCENARIO]
    assert isinstance(scenario, Scenario)
    assert len(scenario.activities) == 6
    assert len(scenario.spatial) == 8
    assert scenario.coverage == {"audio": 1.0, "imu": 1.0}
    activity = decoded[topics.ACTIVITY]
    assert isinstance(activity, Activity)
    assert sum(activity.activities.values()) == pytest.approx(1.0, abs=0.01)
    assert len(activity.open_vocabulary) == 5


def test_the_bare_loop_runs_every_network_of_a_worker() -> None:
    run = BareLoop(SETTINGS, RECORDING).run(first_sample=100)
    assert set(run.stages_ms) == {"features", "localization", "scenario", "har", "lanhar"}
    assert all(ms > 0 for ms in run.stages_ms.values())
    assert sum(run.stages_ms.values()) <= run.ms
    assert int(RECORDING.duration_s) == SCENARIO_WINDOW_S
