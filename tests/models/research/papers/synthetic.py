"""A published data set whose features show what the tables should find."""

from __future__ import annotations

import numpy as np
import torch

from models.research.lib.fit import Fit
from models.research.papers.published import Contexts, EncodedSet, Moments

USERS = [f"u{n}" for n in range(10)]
QUICK = Fit(minutes=5.0, rate=4e-3, steps=24, checks=3)


def published(rng_seed: int = 0, noise: float = 0.3, told_apart: bool = True) -> EncodedSet:
    """Two scenarios, four activities: sound tells pairs, motion nothing, the scenario the rest.

    Activity 2·s + p happens in scenario s; sound shows p alone, and context features show s.
    """
    rng = np.random.default_rng(rng_seed)
    contexts, moments = 100, 500
    scenario = rng.integers(0, 2, contexts)
    user = np.array(USERS)[np.arange(contexts) % len(USERS)]
    shown = np.eye(8)[scenario] if told_apart else np.zeros((contexts, 8))
    audio = shown[:, None] + rng.normal(0, noise, (contexts, 15, 8))
    imu = shown[:, None] + rng.normal(0, noise, (contexts, 15, 8))
    context = rng.integers(0, contexts, moments)
    pair = rng.integers(0, 2, moments)
    felt = np.eye(8)[4 + pair] + rng.normal(0, noise, (moments, 8))

    def floats(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.float32))

    present = torch.ones(contexts, 15, dtype=torch.bool)
    there = torch.ones(moments, dtype=torch.bool)
    return EncodedSet(
        name="made",
        scenarios=("a", "b"),
        activities=("a0", "a1", "b0", "b1"),
        contexts=Contexts(
            floats(audio),
            present,
            floats(imu),
            present,
            floats(np.eye(2)[scenario]),
            user,
            np.ones(contexts, bool),
        ),
        moments=Moments(
            floats(felt),
            there,
            floats(rng.normal(0, 1, (moments, 8))),
            there,
            torch.from_numpy(2 * scenario[context] + pair),
            torch.from_numpy(context),
            user[context],
        ),
    )
