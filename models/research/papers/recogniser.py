"""Shared code of the tables of a published data set: scaled features and recognised scenarios.

`scenario_table` fills the paper's Table 2, `activity_table` its Table 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.egolog.scenario import ScenarioNet, Segments
from models.research.papers.published import (
    Contexts,
    EncodedSet,
    Moments,
    Split,
)

if TYPE_CHECKING:
    from models.egolog.contrastive import SharedSpace

# Few validation users give many equal scores; of those the surest network is kept.
TIE = 1e-3

# A scenario network's answer for contexts (N, ...): probabilities (N, K).
Recognise = Callable[[Contexts], NDArray[np.float32]]


@dataclass(frozen=True)
class Column:
    """One data set's column of a table: scores by row name, None where a row does not apply.

    `note` says what was measured on how much.
    """

    data_set: str
    scores: dict[str, float | None]
    note: str


def recogniser(
    data: EncodedSet, split: Split, network: ScenarioNet, space: SharedSpace
) -> Recognise:
    """Return the answer of `network`, which `scenario_table` trained on `data`."""
    _, norm = normalise(data, split)
    return lambda contexts: recognise(network, space, norm(contexts))


def answer_with(network: ScenarioNet, space: SharedSpace) -> Recognise:
    """Return the answer of a shipped network to contexts of its own encoders, unnormalised."""
    return lambda contexts: recognise(network, space, contexts)


def normalise(data: EncodedSet, split: Split) -> tuple[EncodedSet, Callable[[Contexts], Contexts]]:
    """Scale features by the training users' mean and spread; encoders differ in both."""
    scale = {}
    for name in ("audio", "imu"):
        segments_of, moments_of = getattr(data.contexts, name), getattr(data.moments, name)
        rows = [
            segments_of[
                getattr(data.contexts, f"{name}_mask") & _among(data.contexts, split)[:, None]
            ],
            moments_of[getattr(data.moments, f"{name}_mask") & _among(data.moments, split)],
        ]
        known = torch.cat(rows)
        if len(known) < 2:
            known = torch.zeros(2, segments_of.shape[-1])
        scale[name] = (known.mean(0), known.std(0).clamp(min=1e-4))

    def scale_values(name: str, values: Tensor, mask: Tensor) -> Tensor:
        mean, spread = scale[name]
        return ((values - mean) / spread).masked_fill(~mask[..., None], 0.0)

    def contexts_of(part: Contexts) -> Contexts:
        return replace(
            part,
            audio=scale_values("audio", part.audio, part.audio_mask),
            imu=scale_values("imu", part.imu, part.imu_mask),
        )

    moments = replace(
        data.moments,
        audio=scale_values("audio", data.moments.audio, data.moments.audio_mask),
        imu=scale_values("imu", data.moments.imu, data.moments.imu_mask),
    )
    return replace(data, contexts=contexts_of(data.contexts), moments=moments), contexts_of


def _among(part: Contexts | Moments, split: Split) -> Tensor:
    return torch.from_numpy(np.isin(part.user, sorted(split.train)))


def segments(contexts: Contexts, space: SharedSpace) -> Segments:
    """Return contexts (N, S, ...) as the scenario network takes them."""
    return Segments(
        audio_features=contexts.audio,
        audio_embedding=space.of_audio(contexts.audio),
        audio_mask=contexts.audio_mask,
        imu_features=contexts.imu,
        imu_embedding=space.of_imu(contexts.imu),
        imu_mask=contexts.imu_mask,
    )


def recognise(network: ScenarioNet, space: SharedSpace, contexts: Contexts) -> NDArray[np.float32]:
    """Return a network's scenario probabilities (N, K) of contexts."""
    with torch.inference_mode():
        parts = [
            torch.sigmoid(network(network.join(segments(contexts.take(rows), space))[0]))
            for rows in np.array_split(np.arange(len(contexts)), max(1, len(contexts) // 512))
        ]
    probabilities: NDArray[np.float32] = torch.cat(parts).numpy()
    return probabilities
