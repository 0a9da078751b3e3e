"""Training localization with two ears without a graphics card.

Rendering new seconds would take most of the time of a CPU, so they are drawn before, by several
processes, and the network sees each many times, changed by other microphones, mounting and mirror
image each time.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tqdm import tqdm

from models.research.egolog.localization import two_ears
from models.research.egolog.localization.batched.drawn import Columns, drawn_columns, seconds_of
from models.research.egolog.localization.batched.seconds import RenderedSeconds, World
from models.research.egolog.localization.batched.supplies import TRAINING
from models.research.egolog.localization.batched.training import Course
from models.research.lib.process_pool import process_pool
from models.serving.one_thread import pin_one_thread

if TYPE_CHECKING:
    from pathlib import Path

    from models.egolog.localization import Localization

BATCH = 128
RATE, RATE_FURTHER = 1.2e-3, 5e-4
CHECK_S = 240.0
VALIDATION_CLIPS = 600
TABLES = two_ears.Tables(heads=48, shapes=3, takes=10)
VALIDATION_TABLES = two_ears.Tables(heads=0, shapes=3, takes=0)
_PART = 1024  # clips; a process that is stopped loses no more


def train(
    data: Path,
    cache: Path,
    minutes: float,
    seed: int,
    clips: int,
    jobs: int,
    start: Localization | None = None,
) -> Localization:
    """Return a network trained for `minutes`, further from `start` if given, on drawn `clips`."""
    drawn = draw(data, cache, clips, jobs)
    worlds = two_ears.read_worlds(data, "cpu", tables=VALIDATION_TABLES)
    rate = RATE if start is None else RATE_FURTHER
    course = Course(minutes, rate, seed, batch=BATCH, check_s=CHECK_S)
    return two_ears.train(worlds, course, start, VALIDATION_CLIPS, drawn)


def draw(data: Path, cache: Path, clips: int, jobs: int) -> RenderedSeconds:
    """Return the seconds of `clips` of 2 s, drawn by `jobs` processes; kept in `cache`."""
    parts = [
        (data, cache, part, min(_PART, clips - first))
        for part, first in enumerate(range(0, clips, _PART))
    ]
    with process_pool(jobs, pin_one_thread) as pool:
        drawn = pool.map(_draw_part, parts)
        columns = list(tqdm(drawn, "drawn clips", len(parts), disable=None, unit_scale=_PART))
    return RenderedSeconds.concatenate([seconds_of(each) for each in columns])


def _draw_part(part: tuple[Path, Path, int, int]) -> Columns:
    data, cache, seed, clips = part
    return drawn_columns(lambda: _world(data), TRAINING, clips, seed, cache)


@functools.cache
def _world(data: Path) -> World:
    return two_ears.read_worlds(data, "cpu", tables=TABLES).train
