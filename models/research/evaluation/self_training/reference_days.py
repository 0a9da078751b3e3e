"""The original domain: stretches drawn like the training days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.egolog.contrastive import ENCODERS
from models.research.egolog import scenario as of_scenario
from models.research.egolog.households.days import sources
from models.research.evaluation.composed_days import scores as composed_life
from models.research.lib.array_cache import load_or_make
from models.serving.one_thread import pin_one_thread
from models.serving.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def original(
    weights: Path,
    data: Path | None,
    seed: int,
    cache: Path,
    stretches: int = composed_life.STRETCHES,
    *,
    validation: bool = False,
) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """Return rows (N, 15, 644) and scenarios (N, 16) of the stretches of the evaluation.

    With `validation` they are composed from what the weights were chosen on.
    """
    pin_one_thread()
    registry = Registry(weights)
    material = sources(data, validation=validation)
    revision = registry.load(ENCODERS).revision

    def make() -> dict[str, NDArray[np.generic]]:
        networks = composed_life.Networks.load(registry)
        life = composed_life.unseen_life(networks, material, seed, cache, stretches)
        windows = of_scenario.cut_windows(life.encoded, networks.encoders.space)
        with torch.inference_mode():
            rows, _ = networks.scenario.join(windows.segments)
        return {"rows": rows.numpy().astype(np.float16), "truth": windows.scenarios.numpy()}

    folder = cache / f"original-{revision}-{material.name}-{seed}-{stretches}"
    arrays = load_or_make(folder, ("rows", "truth"), make)
    return arrays["rows"], arrays["truth"]
