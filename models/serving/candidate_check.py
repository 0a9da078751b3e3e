"""Sanity checks of a fine-tuned scenario network before a worker uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.labels import SCENARIOS
from models.serving.predict import PredictError, row_width_of
from models.serving.served import SCENARIO

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.serving.registry import Opened

SEGMENTS = 15
_SEED = 20_240_714


def trial_rows(row_width: int) -> NDArray[np.float32]:
    """Return fixed rows (4, 15, J) with both modalities, with either, and of an empty window.

    The last four columns are those of `models.egolog.scenario.ScenarioNet.join`: similarity,
    its weight, and whether there is audio and motion.
    """
    rows = np.random.default_rng(_SEED).normal(0, 0.5, (4, SEGMENTS, row_width)).astype(np.float32)
    rows[..., -3] = 1.0
    for window, (has_audio, has_imu) in zip(rows, ((1, 1), (1, 0), (0, 1), (0, 0)), strict=True):
        window[:, -2:] = has_audio, has_imu
        if not has_audio and not has_imu:
            window[:, :-3] = 0.0
    return rows


def require_replaceable(candidate: Opened, current: Opened) -> None:
    """Score fixed rows with a network that is to replace `current`.

    Raises `PredictError` if its input differs from that of `current`, or if its output is not one
    finite number per scenario.
    """
    if candidate.name != SCENARIO.name:
        raise PredictError(f"model {candidate.name!r} is no scenario network")
    theirs, ours = (
        {**each.config, "joined": row_width_of(each.config)} for each in (candidate, current)
    )
    for name in ("joined", "key_frames", "sharpness", "scenarios"):
        if theirs[name] != ours[name]:
            raise PredictError(
                f"network {candidate.revision} has {name} {theirs[name]}; "
                f"expected {ours[name]}, as the network that it replaces"
            )
    if theirs["max_segments"] < ours["max_segments"]:
        raise PredictError(
            f"network {candidate.revision} takes {theirs['max_segments']} segments at most; "
            f"expected {ours['max_segments']}, as the network that it replaces"
        )
    for rows in trial_rows(ours["joined"]):
        (logits,) = candidate.sessions["scenario"].run(rows=rows[None])  # (1, 16)
        if logits.shape != (1, len(SCENARIOS)) or not np.isfinite(logits).all():
            raise PredictError(
                f"network {candidate.revision} answers a trial window with {_fault_of(logits)}; "
                f"expected {len(SCENARIOS)} finite numbers"
            )


def _fault_of(logits: NDArray[np.float32]) -> str:
    odd = int((~np.isfinite(logits)).sum())
    return f"{odd} that are not finite" if odd else f"shape {logits.shape}"
