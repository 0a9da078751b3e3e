"""Parameters, multiplications, bytes and milliseconds of every network (EgoLog Table 3)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from torch.utils.flop_counter import FlopCounterMode

from models.serving.catalogue import all_keys
from models.serving.one_thread import pin_one_thread
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    ScenarioInput,
    ScenarioRecognizer,
    SoundLocalizer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.serving.registry import Registry

REPEATS = 15
WINDOW_S, ACTIVITY_S = 30, 5


@dataclass(frozen=True)
class Size:
    """A network's file: parameters and megabytes as stored."""

    name: str
    parameters: int
    megabytes: float


@dataclass(frozen=True)
class Cost:
    """One window's work: million multiply-adds and milliseconds on one CPU thread."""

    part: str
    every_s: int
    mega_macs: float
    cpu_ms: float


def sizes(registry: Registry) -> list[Size]:
    """Return the size of every weights file that is there."""
    sizes = []
    for key in all_keys():
        path = registry.path(key)
        if path.is_file():
            module = registry.load(key).module
            count = sum(p.numel() for p in module.parameters())
            sizes.append(Size(key.name, count, path.stat().st_size / 1e6))
    return sizes


def costs(registry: Registry) -> list[Cost]:
    """Measure one window through each of the three parts, as the pipeline calls them."""
    pin_one_thread()
    rng = np.random.default_rng(0)
    second = LocalizerInput(
        rng.random((3, 50, 64), np.float32), rng.standard_normal((50, 6)).astype(np.float32)
    )
    present = np.ones(WINDOW_S, dtype=bool)
    window = ScenarioInput(
        rng.random((50 * WINDOW_S, 64), np.float32) * 10,
        rng.standard_normal((50 * WINDOW_S, 6)).astype(np.float32),
        present,
        present,
    )
    activity = HarInput(
        rng.random((50 * ACTIVITY_S, 64), np.float32) * 10,
        rng.standard_normal((50 * ACTIVITY_S, 6)).astype(np.float32),
        {"Cooking": 0.9},
    )
    sound_localizer, scenario_recognizer, activity_recognizer = (
        SoundLocalizer(registry),
        ScenarioRecognizer(registry),
        ActivityRecognizer(registry),
    )
    return [
        _cost("spatial", 1, lambda: sound_localizer.predict([second])),
        _cost("scenario", WINDOW_S, lambda: scenario_recognizer.predict([window])),
        _cost("har", ACTIVITY_S, lambda: activity_recognizer.predict([activity])),
    ]


def _cost(part: str, every_s: int, run: Callable[[], object]) -> Cost:
    with FlopCounterMode(display=False) as counter:
        run()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return Cost(part, every_s, counter.get_total_flops() / 2e6, median(taken) * 1e3)
