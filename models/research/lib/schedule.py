"""The course of a training: its steps until the time or their number is over, and its checks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Moment:
    """The training before a step: `done` of it, 1 and above at its end, and whether to check now.

    `bar` shows the progress.
    """

    step: int
    done: float
    is_check: bool
    bar: Any


def moments(name: str, minutes: float, steps: int | None, checks: int) -> Iterator[Moment]:
    """Yield the moment before each step, and the end: of `minutes` or of `steps`.

    There are `checks` at even intervals, the last at the end.
    """
    limit_s, began = minutes * 60, time.monotonic()
    step, checked = 0, 0
    with tqdm(total=100, desc=name, unit="%", mininterval=5) as bar:
        while True:
            done = (time.monotonic() - began) / limit_s
            if steps is not None and done < 1:
                done = step / steps
            is_check = done * checks >= checked + 1 or done >= 1
            if is_check:
                checked = int(done * checks)
            bar.update(min(100, int(done * 100)) - bar.n)
            yield Moment(step, done, is_check, bar)
            if done >= 1:
                return
            step += 1
