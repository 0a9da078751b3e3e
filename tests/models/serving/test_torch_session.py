"""Rules of `models.serving.torch_session`: equality in any company, and near ONNX Runtime's."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from models.labels import SCENARIOS
from models.serving.graph_functions import GRAPH_FUNCTIONS
from models.serving.late_session import LateSession
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    ScenarioInput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from models.serving.registry import Registry, RegistryError
from models.serving.served import ALL, ENCODERS, LANHAR_TEXT
from models.serving.torch_session import TorchSession, TorchSessions, open_cuda
from models.serving.without_gyroscope import ByGyroscope
from tests.models.serving.graph_inputs import inputs, motion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from models.serving.session import NetworkSession

ON_CUDA = pytest.param(
    "cuda",
    marks=pytest.mark.skipif(
        not torch.cuda.is_available(), reason="this machine has no CUDA device"
    ),
)
DEVICES = ("cpu", ON_CUDA)
# Two batches of a CPU, the second not full.
ITEMS = 7
# Largest difference from ONNX Runtime's, as a share of an output's largest value.
NEAR = 4e-5


@pytest.fixture(scope="module", params=DEVICES)
def sessions(request: pytest.FixtureRequest) -> TorchSessions:
    return open_cuda() if request.param == "cuda" else TorchSessions("cpu", batch=4)


@pytest.fixture(scope="module")
def registry(sessions: TorchSessions) -> Iterator[Registry]:
    opening = Registry(batched=sessions)
    # A registry shares what is in use: none of the tests builds a network anew.
    in_use = [opening.open(key) for key in ALL if sessions.serves(key)]
    yield opening
    del in_use


@pytest.fixture(scope="module")
def on_cpu() -> Iterator[Registry]:
    opening = Registry()
    in_use = [opening.open(key) for key in ALL if TorchSessions.serves(key)]
    yield opening
    del in_use


def session(registry: Registry, graph: str) -> Any:
    return next(registry.open(key) for key in ALL if graph in key.graphs).sessions[graph]


def same(one: Sequence[NDArray[Any]], other: Sequence[NDArray[Any]]) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("graph", sorted(GRAPH_FUNCTIONS))
def test_an_item_is_the_same_bits_in_any_company_place_and_run(
    registry: Registry, sessions: TorchSessions, graph: str
) -> None:
    running = session(registry, graph)
    items = [inputs(graph, seed) for seed in range(ITEMS)]
    alone = [running.run(**item) for item in items]
    together = running.run_all(items)
    backwards = running.run_all(items[::-1])[::-1]
    # More than one batch: an item may be cut between two.
    copies = 2 if sessions.suffix == "cpu" else 7
    many = running.run_all([*items[3:], *(copies * items)])[ITEMS - 3 :]
    again = running.run_all(items)
    for number in range(ITEMS):
        for other in (together, backwards, many, again):
            assert same(alone[number], other[number]), (graph, number)


@pytest.mark.parametrize("graph", sorted(GRAPH_FUNCTIONS))
def test_results_are_those_of_onnx_runtime_but_for_rounding(
    registry: Registry, on_cpu: Registry, graph: str
) -> None:
    served = session(on_cpu, graph)
    items = [inputs(graph, seed) for seed in range(ITEMS)]
    for item, ours in zip(items, session(registry, graph).run_all(items), strict=True):
        for one, other in zip(ours, served.run(**item), strict=True):
            values = other.reshape(one.shape)
            np.testing.assert_allclose(one, values, rtol=0, atol=NEAR * (1 + np.abs(values).max()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
@pytest.mark.parametrize("graph", sorted(GRAPH_FUNCTIONS))
def test_recorded_kernels_compute_the_bits_of_unrecorded_ones(graph: str) -> None:
    running = session(Registry(batched=open_cuda()), graph)
    items = [inputs(graph, seed) for seed in range(ITEMS)]
    recorded = running.run_all(items)
    running._of_shapes = lambda _: (
        lambda *given: running._call(*(each.to(running._device) for each in given))
    )
    for one, other in zip(running.run_all(items), recorded, strict=True):
        assert same(one, other)


def test_threads_that_share_a_session_get_the_same_bits(registry: Registry) -> None:
    running = session(registry, "seconds")
    items = [inputs("seconds", seed) for seed in range(ITEMS)]
    alone = running.run_all(items)
    results: list[list[list[NDArray[Any]]]] = []

    def run() -> None:
        results.extend(running.run_all(items) for _ in range(3))

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 9
    for each in results:
        assert all(same(one, other) for one, other in zip(each, alone, strict=True))


def windows() -> tuple[list[LocalizerInput], list[HarInput], list[ScenarioInput]]:
    rng = np.random.default_rng(3)
    mels = rng.uniform(5, 20, (4, 1_500, 64)).astype(np.float16)
    imus, there = motion(rng, 4, 1_500), np.ones(30, bool)
    maps = [rng.uniform(0, 20, (planes, 50, 64)).astype(np.float16) for planes in (3, 1, 10, 3)]
    seconds = [LocalizerInput(each, imu[:50]) for each, imu in zip(maps, imus, strict=True)]
    activities = [
        HarInput(mels[0][:250], imus[0][:250], {SCENARIOS[0]: 0.9}),
        HarInput(None, imus[1][:250]),
        HarInput(mels[2][:250], None),
        HarInput(mels[3][:250], imus[3][:250], {SCENARIOS[1]: 0.6, SCENARIOS[4]: 0.7}),
    ]
    scenes = [
        ScenarioInput(mels[0], imus[0], there, there, far_only=np.arange(15) < 4),
        ScenarioInput(None, imus[1], ~there, there),
        ScenarioInput(mels[2], None, there, ~there),
        ScenarioInput(mels[3], imus[3], there & (np.arange(30) > 7), there),
    ]
    return seconds, activities, scenes


def test_recognisers_answer_alike_alone_and_together(registry: Registry) -> None:
    seconds, activities, scenes = windows()
    localizer = SoundLocalizer(registry)
    for item, whole in zip(seconds, localizer.locate(seconds), strict=True):
        [alone] = localizer.locate([item])
        assert alone.regions == whole.regions
        assert (alone.heat is None) == (whole.heat is None)
        if alone.heat is not None and whole.heat is not None:
            assert alone.heat.shape == (2, 72)
            assert alone.heat.tobytes() == whole.heat.tobytes()
    activity = ActivityRecognizer(registry)
    together = activity.estimate(activities)
    assert [activity.estimate([item])[0] for item in activities] == together
    scenario = ScenarioRecognizer(registry)
    for scene, estimate in zip(scenes, scenario.predict(scenes), strict=True):
        [one] = scenario.predict([scene])
        assert one.embeddings.tobytes() == estimate.embeddings.tobytes()
        for name in ("scenarios", "undisturbed", "key_frames", "sound_events", "motion"):
            assert getattr(one, name) == getattr(estimate, name)


def test_recognisers_name_what_onnx_runtime_names(registry: Registry, on_cpu: Registry) -> None:
    seconds, activities, scenes = windows()
    pairs = [
        pair
        for ours, theirs in (
            (SoundLocalizer(registry).predict(seconds), SoundLocalizer(on_cpu).predict(seconds)),
            (
                ActivityRecognizer(registry).predict(activities),
                ActivityRecognizer(on_cpu).predict(activities),
            ),
            (
                [each.scenarios for each in ScenarioRecognizer(registry).predict(scenes)],
                [each.scenarios for each in ScenarioRecognizer(on_cpu).predict(scenes)],
            ),
        )
        for pair in zip(ours, theirs, strict=True)
    ]
    assert len(pairs) == 12
    for ours, theirs in pairs:
        # One step of the last decimal.
        assert ours == pytest.approx(theirs, abs=1.01e-4)


def whole(session: NetworkSession) -> NetworkSession:
    """Return the session for devices with a gyroscope; the others are served by the CPU."""
    return session.whole if isinstance(session, ByGyroscope) else session


def test_what_runs_elsewhere_says_so_and_computes_no_eight_bits(
    sessions: TorchSessions,
) -> None:
    opened = Registry(precision="int8", batched=sessions).open(ENCODERS)
    plain = Registry(precision="int8").open(ENCODERS)
    assert opened.recorded == f"{plain.whole_revision}+{sessions.suffix}"
    assert opened.revision == plain.revision
    assert all(isinstance(whole(each), TorchSession) for each in opened.sessions.values())
    text = Registry(batched=sessions).open(LANHAR_TEXT)
    assert isinstance(text.sessions["lanhar_text"], LateSession)
    assert text.recorded == text.revision


def test_sessions_are_shared_as_long_as_they_are_in_use(registry: Registry) -> None:
    opened, again = registry.open(ENCODERS), registry.open(ENCODERS)
    for name in ENCODERS.graphs:
        assert whole(opened.sessions[name]) is whole(again.sessions[name])


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_missing_device_is_an_error_of_one_line() -> None:
    with pytest.raises(RegistryError) as raised:
        open_cuda()
    assert "\n" not in str(raised.value)
    assert "finds no CUDA device" in str(raised.value)
    assert "EGOLOG_DEVICE=cpu" in str(raised.value)
