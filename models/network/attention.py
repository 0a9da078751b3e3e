"""The transformer encoder of the small networks: pre-norm, GELU, batch first."""

from __future__ import annotations

from torch import nn


def transformer(width: int, heads: int, layers: int, dropout: float) -> nn.TransformerEncoder:
    """Return layers over (B, N, width), with a feed-forward width of 2 · width."""
    layer = nn.TransformerEncoderLayer(
        width,
        heads,
        dim_feedforward=2 * width,
        dropout=dropout,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
