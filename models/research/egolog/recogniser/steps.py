"""The steps of a stage of distillation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator

WARM_UP_STEPS = 100


@dataclass
class Step:
    """One step of training: its number and share of the rate, and the losses so far."""

    number: int
    rate: float
    checks: bool
    losses: list[Tensor]


def steps_of(
    name: str, minutes: float, most: int | None, checks: int, least: int = 1
) -> Iterator[Step]:
    """Yield steps until the time is over, each with its share of the learning rate.

    There are at least `least` steps, because a GPU's first step alone can take a minute.
    """
    limit_s, began = minutes * 60, time.monotonic()
    losses: list[Tensor] = []
    number, checked = 0, 0
    with tqdm(total=100, desc=name, unit="%", mininterval=5) as bar:
        while True:
            done = min((time.monotonic() - began) / limit_s, number / least)
            if most is not None:
                done = max(done, number / most)
            if done >= 1:
                break
            due = int(done * checks) > checked
            if due:
                checked = int(done * checks)
                loss = float(torch.stack(losses[-50:]).mean())
                bar.set_postfix_str(f"step {number} loss {loss:.3f}")
            bar.update(min(100, int(done * 100)) - bar.n)
            warm = min(1.0, (number + 1) / WARM_UP_STEPS)
            falling = max(0.01, 0.5 * (1 + float(np.cos(np.pi * done))))
            yield Step(number, warm * falling, due, losses)
            number += 1
