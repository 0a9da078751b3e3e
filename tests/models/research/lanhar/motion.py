"""Windows of made motion: rest, and steps of a given rate and strength along gravity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.research.lanhar.interpretation.windows import Windows, of_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

GRAVITY = 9.81


def rest(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return (120, 6) of a sensor at rest."""
    window = rng.normal(0, [0.03] * 3 + [0.005] * 3, (120, 6))
    window[:, 2] += GRAVITY
    return window.astype(np.float32)


def steps(rng: np.random.Generator, hz: float, strength: float) -> NDArray[np.float32]:
    """Return (120, 6) with `hz` steps a second that shake by `strength` m/s² along z."""
    time = np.arange(120) / 20 + rng.uniform(0, 1)
    window = rest(rng).astype(np.float64)
    window[:, 2] += strength * np.sin(2 * np.pi * hz * time)
    window[:, 0] += 0.4 * strength * np.sin(np.pi * hz * time)
    window[:, 4] += 0.3 * np.sin(np.pi * hz * time)
    return window.astype(np.float32)


def data_set(name: str, seed: int, each: int = 12, strength: float = 1.0) -> Windows:
    """Return windows of four activities and of running, told apart by rate and strength."""
    rng = np.random.default_rng(seed)
    made = []
    for label, hz, shake in (
        ("walking", 1.8, 2.0),
        ("going upstairs", 1.4, 3.0),
        ("going downstairs", 2.2, 4.5),
        ("running", 2.8, 9.0),
    ):
        made += [(steps(rng, hz, shake * strength), label) for _ in range(each)]
    made += [(rest(rng), "sitting") for _ in range(each)]
    users = [f"u{number % 3:02d}" for number in range(len(made))]
    same = ["made"] * len(made)
    return of_arrays(
        name, np.stack([one[0] for one in made]), [one[1] for one in made], users, same, same
    )


def motion_file(path: Path, windows: Windows) -> Path:
    """Write windows as a data set's file has them."""
    np.savez(
        path,
        data=windows.data.astype(np.float16),
        label=windows.label,
        user=windows.user,
        position=windows.position,
        device=windows.device,
    )
    return path
