"""The course of a training: its steps until the time or their number is over, and its checks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
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

    @property
    def cosine(self) -> float:
        """Half a cosine, which falls from 1 at the start to 0 at the end."""
        return 0.5 * (1 + float(np.cos(np.pi * min(1.0, self.done))))

    def warm_up(self, steps: int) -> float:
        """Return a linear warm-up, which is 1 from `steps` on."""
        return min(1.0, (self.step + 1) / steps)

    def rate(self, highest: float, warm_up_steps: int, lowest_share: float = 0.0) -> float:
        """Return the learning rate: a linear warm-up to `highest`, times half a cosine.

        The cosine falls until the end, though not below `lowest_share` of `highest`.
        """
        return highest * self.warm_up(warm_up_steps) * max(lowest_share, self.cosine)


def moments(
    name: str, minutes: float, steps: int | None, checks: float, least_steps: int = 0
) -> Iterator[Moment]:
    """Yield the moment before each step, and the end: of `minutes` or of `steps`.

    There are `checks` at even intervals, and one at the end. The time ends nothing before
    `least_steps`, because a GPU's first step alone can take a minute.
    """
    limit_s, began = minutes * 60, time.monotonic()
    step, checked = 0, 0
    with tqdm(total=100, desc=name, unit="%", mininterval=5) as bar:
        while True:
            done = (time.monotonic() - began) / limit_s
            if step < least_steps:
                done = min(done, step / least_steps)
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
