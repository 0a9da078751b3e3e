"""The losses of LanHAR §3.4.2, §3.4.3 and §3.5.2 on unit vectors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def alignment(left: Tensor, right: Tensor, group: Tensor | None, temperature: float) -> Tensor:
    """Contrast pairs (B, D) and (B, D) both ways; scalar.

    Rows of one `group` (B,) match each other: a batch of four activities holds each many times, and
    pushing equal activities apart would undo what is learned. Without groups only pairs match.
    """
    scores = left @ right.T / temperature
    count = len(left)
    match = (
        torch.eye(count) if group is None else (group[:, None] == group[None, :]).to(scores.dtype)
    )
    match = match / match.sum(dim=1, keepdim=True)
    rows = -(match * scores.log_softmax(dim=1)).sum(dim=1).mean()
    columns = -(match * scores.T.log_softmax(dim=1)).sum(dim=1).mean()
    return rows + columns


def comparison(vectors: Tensor, group: Tensor, temperature: float) -> Tensor:
    """Rank likeness within a group over likeness across: -ln σ(s(i,j) - s(i,k)) (§3.4.3); scalar.

    `vectors` (B, D) unit, `group` (B,) numbers; -1 belongs to no group and is left out. 0 where
    nothing can be compared.
    """
    vectors, group = vectors[group >= 0], group[group >= 0]
    scores = vectors @ vectors.T / temperature
    same = group[:, None] == group[None, :]
    other = ~same
    same = same & ~torch.eye(len(group), dtype=torch.bool)
    # (i, j, k): j with i in one group, k in another.
    valid = same[:, :, None] & other[:, None, :]
    if not valid.any():
        return vectors.sum() * 0.0
    return -logsigmoid((scores[:, :, None] - scores[:, None, :])[valid]).mean()


def any_right(logits: Tensor, right: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the mean negative log-probability of any right label, (B, L) and (B, L); scalar.

    `smoothing` is the share of the loss that falls to all labels alike.
    """
    shares = logits.log_softmax(dim=1)
    named = shares.masked_fill(~right, -torch.inf).logsumexp(dim=1)
    return -(1 - smoothing) * named.mean() - smoothing * shares.mean()
