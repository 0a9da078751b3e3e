"""What wearers cost through the recognisers that a worker calls, and how results differ."""

from __future__ import annotations

from functools import partial
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.gpu.timing import synchronize
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S
from models.serving.encoded_seconds import SecondEncoder
from models.serving.lanhar_loading import require_lanhar
from models.serving.open_vocabulary import MotionReading
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    ScenarioInput,
    ScenarioOutput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.serving.registry import Registry
    from schemas.message import Probabilities


def wearer_costs(registry: Registry, count: int) -> tuple[dict[str, float], list[Probabilities]]:
    """Return the cost of half a minute of `count` wearers, and the results.

    All windows of a kind that end together are handed over together.
    """
    second_encoder = SecondEncoder(registry)
    localizer = SoundLocalizer(registry)
    scenarios = ScenarioRecognizer(registry, second_encoder=second_encoder)
    activities = ActivityRecognizer(registry, second_encoder)
    lanhar = require_lanhar(registry)
    costs: dict[str, list[float]] = {}
    results: list[Probabilities] = []

    def timed(name: str, call: Callable[[], Sequence[Any]]) -> None:
        synchronize()
        wall, cpu = perf_counter(), process_time()
        made = call()
        spent = costs.setdefault(name, [0.0, 0.0])
        spent[0] += perf_counter() - wall
        spent[1] += process_time() - cpu
        results.extend(probabilities for each in made if (probabilities := _probabilities_of(each)))

    # The first half minute loads kernels and is not counted.
    for half_minute in range(2):
        costs.clear()
        results.clear()
        wearers = [_signals(np.random.default_rng((half_minute, each))) for each in range(count)]
        for second in range(SCENARIO_WINDOW_S):
            own = slice(50 * second, 50 * (second + 1))
            items = [LocalizerInput(maps[second], imu[own]) for _, imu, maps in wearers]
            timed("localization", partial(localizer.predict, items))
        for begin in range(0, 50 * SCENARIO_WINDOW_S, 50 * HAR_WINDOW_S):
            own = slice(begin, begin + 50 * HAR_WINDOW_S)
            windows = [HarInput(mel[own], imu[own]) for mel, imu, _ in wearers]
            timed("har", partial(activities.predict, windows))
            read = [(imu[own], None) for _, imu, _ in wearers]
            timed("lanhar", partial(lanhar.read_all, read))
        there = np.ones(SCENARIO_WINDOW_S, bool)
        scenes = [ScenarioInput(mel, imu, there, there) for mel, imu, _ in wearers]
        timed("scenario", partial(scenarios.predict, scenes))
    wall, cpu = (sum(cost[at] for cost in costs.values()) for at in (0, 1))
    figures = {
        "count": count,
        "wearers": count * SCENARIO_WINDOW_S / wall,
        "cpu_ms_a_wearer_second": 1e3 * cpu / count / SCENARIO_WINDOW_S,
        **{
            f"{name}_ms": 1e3 * spent / count / SCENARIO_WINDOW_S
            for name, (spent, _) in costs.items()
        },
    }
    return figures, results


def _signals(
    rng: np.random.Generator,
) -> tuple[NDArray[np.float16], NDArray[np.float32], NDArray[np.float16]]:
    """Return half a minute of log-mel (1500, 64), motion (1500, 6), and maps (30, 3, 50, 64)."""
    steps = 50 * SCENARIO_WINDOW_S
    imu = rng.normal(0, 0.5, (steps, 6)).astype(np.float32)
    imu[:, 2] += 9.8
    mel = rng.uniform(5, 20, (steps, 64)).astype(np.float16)
    return mel, imu, rng.uniform(0, 20, (SCENARIO_WINDOW_S, 3, 50, 64)).astype(np.float16)


def _probabilities_of(result: Any) -> Probabilities:
    """Return a result's probabilities, none of a reading of motion."""
    if isinstance(result, ScenarioOutput):
        return result.scenarios
    return {} if isinstance(result, MotionReading) else result


def difference(ours: list[Probabilities], theirs: list[Probabilities]) -> dict[str, float]:
    """Return how results by the GPU differ from those by the CPU."""
    pairs = list(zip(ours, theirs, strict=True))
    apart = [abs(one[name] - other[name]) for one, other in pairs for name in one]
    return {
        "windows": len(pairs),
        "largest": max(apart),
        "share_apart": sum(each > 0 for each in apart) / len(apart),
        "other_label": sum(likeliest(one) != likeliest(other) for one, other in pairs),
    }
