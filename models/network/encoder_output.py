"""The common output of pretrained encoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class EncoderOutput:
    """Features (B, `width` of the encoder) and logits (B, L) of the label set it was trained for.

    L is 0 for an encoder without labels. A space shared with the other modality is trained on top
    (`models.egolog.contrastive.SharedSpace`).
    """

    features: Tensor
    logits: Tensor
