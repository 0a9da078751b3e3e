"""What a fine-tuned scenario network must do before it may score anybody's windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.egolog.scenario import ScenarioNet
from models.labels import SCENARIOS
from models.serving.predict import PredictError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.serving.registry import Loaded

SEGMENTS = 15
_SEED = 20_240_714


def trial_rows(joined: int) -> NDArray[np.float32]:
    """Return fixed rows (4, 15, J): with both modalities, with either, and an empty window.

    The last four columns are those of `ScenarioNet.join`: similarity, share, heard and moved.
    """
    rows = np.random.default_rng(_SEED).normal(0, 0.5, (4, SEGMENTS, joined)).astype(np.float32)
    rows[..., -3] = 1.0
    for window, (heard, moved) in zip(rows, ((1, 1), (1, 0), (0, 1), (0, 0)), strict=True):
        window[:, -2:] = heard, moved
        if not heard and not moved:
            window[:, :-3] = 0.0
    return rows


def require_replaceable(candidate: Loaded[ScenarioNet], current: Loaded[ScenarioNet]) -> None:
    """Score the fixed rows with a network that is to take `current`'s place.

    Raises `PredictError` where it reads other rows than `current`, or answers with other than a
    finite number for each scenario.
    """
    if not isinstance(candidate.module, ScenarioNet):
        raise PredictError(f"model {candidate.name!r} is no scenario network")
    theirs, ours = candidate.module.config, current.module.config
    for name in ("joined", "key_frames", "sharpness", "scenarios"):
        if getattr(theirs, name) != getattr(ours, name):
            raise PredictError(
                f"network {candidate.revision} has {name} {getattr(theirs, name)}; "
                f"expected {getattr(ours, name)}, as the network that it replaces"
            )
    if theirs.max_segments < ours.max_segments:
        raise PredictError(
            f"network {candidate.revision} takes {theirs.max_segments} segments at most; "
            f"expected {ours.max_segments}, as the network that it replaces"
        )
    with torch.inference_mode():
        for rows in torch.from_numpy(trial_rows(ours.joined)):
            logits = candidate.module(rows[None])  # (1, 16)
            if logits.shape != (1, len(SCENARIOS)) or not torch.isfinite(logits).all():
                raise PredictError(
                    f"network {candidate.revision} answers a trial window with {_shown(logits)}; "
                    f"expected {len(SCENARIOS)} finite numbers"
                )


def _shown(logits: torch.Tensor) -> str:
    odd = int((~torch.isfinite(logits)).sum())
    return f"{odd} that are not finite" if odd else f"shape {tuple(logits.shape)}"
