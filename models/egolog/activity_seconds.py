"""What the single seconds of a window add to its activity (EgoLog §4.3).

The fusion has one token for all sound of a window and one for all its motion, and cannot tell how
much of it each of two activities fills. Here each second is a token of both, beside what the fusion
says and the scenarios; what they say is added to the fusion's logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.labels import ACTIVITIES
from models.network.attention import transformer


@dataclass(frozen=True)
class ActivitySecondsConfig:
    """Sizes; `audio`, `imu` and `text` are those of the fusion."""

    audio: int = 256
    imu: int = 128
    text: int = 384
    width: int = 96
    layers: int = 1
    heads: int = 4
    dropout: float = 0.2
    activities: int = len(ACTIVITIES)


@dataclass(frozen=True)
class SecondLogits:
    """Logits (B, 16) to add to those of the fusion, and of each second's activity (B, n, 16)."""

    added: Tensor
    seconds: Tensor


class ActivitySeconds(nn.Module):
    """A transformer over a window's seconds, the fusion's logits, and its scenarios."""

    def __init__(self, config: ActivitySecondsConfig = ActivitySecondsConfig()) -> None:
        super().__init__()
        self.config = config
        self.audio = nn.Linear(config.audio, config.width)
        self.imu = nn.Linear(config.imu, config.width)
        self.text = nn.Linear(config.text, config.width)
        self.fused = nn.Linear(config.activities, config.width)
        self.layers = transformer(config.width, config.heads, config.layers, config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.each = nn.Linear(config.width, config.activities)
        self.out = nn.Linear(config.width, config.activities)
        # An untrained network leaves the fusion's logits as they are.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(
        self,
        fused: Tensor,
        audio: Tensor,
        audio_mask: Tensor,
        imu: Tensor,
        imu_mask: Tensor,
        text: Tensor,
        text_mask: Tensor,
    ) -> SecondLogits:
        """Return the logits by the seconds; nothing is added where there is no sound.

        `fused` (B, 16) are the fusion's logits, `audio` (B, n, 256) and `imu` (B, n, 128) features
        of each second; the masks (B,) and the scenarios are the fusion's.
        """
        scenarios = (text * text_mask[..., None]).sum(dim=1)  # (B, E)
        seconds = (
            self.audio(audio) * audio_mask[:, None, None] + self.imu(imu) * imu_mask[:, None, None]
        )  # (B, n, W)
        context = torch.stack(
            [self.fused(torch.log_softmax(fused, dim=1)), self.text(scenarios)], dim=1
        )  # (B, 2, W)
        x = self.norm(self.layers(torch.cat([context, seconds], dim=1)))  # (B, n + 2, W)
        added = self.out(x.mean(dim=1)) * audio_mask[:, None]
        return SecondLogits(added, self.each(x[:, context.shape[1] :]))
