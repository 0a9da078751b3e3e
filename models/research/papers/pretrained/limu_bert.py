"""LIMU-BERT (Xu et al. 2021): a transformer pretrained on masked motion, the paper's IMU encoder.

The modules carry the names of the published pretraining files: `transformer.embed.lin.weight` to
`transformer.norm2.beta`, and the reconstruction head `fc`, `linear`, `norm`, `decoder`. All layers
share one set of weights, so a file does not tell how many there are: `base_v1` has 4 with 4 heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.network.encoder_output import EncoderOutput
from models.network.published_weights import fit_into, read_weights, shape_of

if TYPE_CHECKING:
    from pathlib import Path

OUR_RATE = 50
RATE = 20
GRAVITY = 9.8


@dataclass(frozen=True)
class LimuBertConfig:
    """Sizes of `base_v1`: windows of 120 rows at 20 Hz, 6 s."""

    channels: int = 6
    hidden: int = 72
    feed_forward: int = 144
    rows: int = 120
    layers: int = 4
    heads: int = 4


class _Norm(nn.Module):
    """Layer normalisation under the names `gamma` and `beta`."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(size))
        self.beta = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.layer_norm(x, x.shape[-1:], self.gamma, self.beta, eps=1e-12)


class _Embed(nn.Module):
    def __init__(self, config: LimuBertConfig) -> None:
        super().__init__()
        self.lin = nn.Linear(config.channels, config.hidden)
        self.pos_embed = nn.Embedding(config.rows, config.hidden)
        self.norm = _Norm(config.hidden)

    def forward(self, x: Tensor) -> Tensor:
        place = torch.arange(x.shape[1], device=x.device)
        out: Tensor = self.norm(self.norm(self.lin(x)) + self.pos_embed(place))
        return out


class _Attention(nn.Module):
    def __init__(self, config: LimuBertConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.proj_q = nn.Linear(config.hidden, config.hidden)
        self.proj_k = nn.Linear(config.hidden, config.hidden)
        self.proj_v = nn.Linear(config.hidden, config.hidden)

    def forward(self, x: Tensor) -> Tensor:
        split = [
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, H/heads)
            for part in (self.proj_q, self.proj_k, self.proj_v)
        ]
        mixed = nn.functional.scaled_dot_product_attention(*split)
        return mixed.transpose(1, 2).flatten(2)  # (B, N, H)


class _FeedForward(nn.Module):
    def __init__(self, config: LimuBertConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.hidden, config.feed_forward)
        self.fc2 = nn.Linear(config.feed_forward, config.hidden)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(nn.functional.gelu(self.fc1(x)))
        return out


class _Transformer(nn.Module):
    def __init__(self, config: LimuBertConfig) -> None:
        super().__init__()
        self.layers = config.layers
        self.embed = _Embed(config)
        self.attn = _Attention(config)
        self.proj = nn.Linear(config.hidden, config.hidden)
        self.norm1 = _Norm(config.hidden)
        self.pwff = _FeedForward(config)
        self.norm2 = _Norm(config.hidden)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.embed(x)
        for _ in range(self.layers):
            # As published: the first residual starts after the attention, not before it.
            h = self.attn(h)
            h = self.norm1(h + self.proj(h))
            h = self.norm2(h + self.pwff(h))
        return h


class LimuBert(nn.Module):
    """Motion at 50 Hz, of up to 6 s, to features."""

    def __init__(self, config: LimuBertConfig = LimuBertConfig()) -> None:
        super().__init__()
        self.config = config
        self.width = config.hidden
        self.transformer = _Transformer(config)
        # The head of the pretraining task, which the official files hold; nothing calls it here.
        self.fc = nn.Linear(config.hidden, config.hidden)
        self.linear = nn.Linear(config.hidden, config.hidden)
        self.norm = _Norm(config.hidden)
        self.decoder = nn.Linear(config.hidden, config.channels)

    def forward(self, imu: Tensor) -> EncoderOutput:
        """(B, N, 6) at 50 Hz, m/s² and rad/s -> features (B, hidden), no logits.

        A 2 s segment is 40 of the 120 rows that the network knows positions for; what is longer
        than those 6 s is cut into even parts, whose features are averaged.
        """
        count = max(1, round(imu.shape[1] * RATE / OUR_RATE))
        slow = nn.functional.adaptive_avg_pool1d(imu.transpose(1, 2), count).transpose(1, 2)
        scaled = torch.cat([slow[..., :3] / GRAVITY, slow[..., 3:]], dim=-1)  # (B, count, 6)
        parts = -(-count // self.config.rows)
        hidden = [self.transformer(part).mean(dim=1) for part in scaled.chunk(parts, dim=1)]
        features = torch.stack(hidden).mean(dim=0)  # (B, H)
        return EncoderOutput(
            features=features,
            logits=features.new_zeros(len(features), 0),
        )


def load(path: Path, config: LimuBertConfig | None = None) -> LimuBert:
    """Return the frozen network of a published pretraining file; sizes are read off the shapes.

    Raises `models.network.published_weights.PretrainedError` naming the key that does not
    fit.
    """
    tensors = read_weights(path)
    if config is None:
        hidden, channels = shape_of(tensors, "transformer.embed.lin.weight", 2, path)
        rows, _ = shape_of(tensors, "transformer.embed.pos_embed.weight", 2, path)
        feed_forward, _ = shape_of(tensors, "transformer.pwff.fc1.weight", 2, path)
        config = LimuBertConfig(channels, hidden, feed_forward, rows)
    module = LimuBert(config)
    fit_into(module, tensors, path)
    return module
