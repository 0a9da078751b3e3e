"""ImageBind's text encoder (Girdhar et al. 2023), which EgoLog §4.3 embeds scenarios with.

The modules carry the names of `imagebind_huge.pth`: `modality_preprocessors.text.*`,
`modality_trunks.text.blocks.N.*`, `modality_heads.text.proj.*` and
`modality_postprocessors.text.1.log_logit_scale`. A file of the whole ImageBind is read; what
belongs to the other modalities is left in the file. The published weights are CC BY-NC-SA 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from models.network.published_weights import WrongWeightsError, fit_into, read_weights, shape_of
from models.research.papers.pretrained.bpe import VOCABULARY_FILE, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OTHERS = ("vision", "audio", "depth", "thermal", "imu")
_GROUPS = (
    "modality_preprocessors",
    "modality_trunks",
    "modality_heads",
    "modality_postprocessors",
)
_HEAD_WIDTH = 64


@dataclass(frozen=True)
class ImageBindTextConfig:
    """Sizes of the published text tower, OpenCLIP ViT-H's: 302 M parameters."""

    width: int = 1024
    blocks: int = 24
    heads: int = 16
    vocabulary: int = 49_408
    context: int = 77
    embedding: int = 1024


class _Preprocessor(nn.Module):
    mask: Tensor

    def __init__(self, config: ImageBindTextConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.pos_embed = nn.Parameter(torch.zeros(1, config.context, config.width))
        causal = torch.full((config.context, config.context), float("-inf")).triu(1)
        self.register_buffer("mask", causal)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.token_embedding(tokens) + self.pos_embed
        return out


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(nn.functional.gelu(self.fc1(x)))
        return out


class _Block(nn.Module):
    def __init__(self, config: ImageBindTextConfig) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(config.width, config.heads, batch_first=True)
        self.norm_1 = nn.LayerNorm(config.width, eps=1e-6)
        self.mlp = _Mlp(config.width)
        self.norm_2 = nn.LayerNorm(config.width, eps=1e-6)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        seen = self.norm_1(x)
        x = x + self.attn(seen, seen, seen, need_weights=False, attn_mask=mask)[0]
        out: Tensor = x + self.mlp(self.norm_2(x))
        return out


class _Trunk(nn.Module):
    def __init__(self, config: ImageBindTextConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([_Block(config) for _ in range(config.blocks)])

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, mask)
        return x


class _Head(nn.Module):
    def __init__(self, config: ImageBindTextConfig) -> None:
        super().__init__()
        self.proj = nn.Sequential(
            nn.LayerNorm(config.width, eps=1e-6),
            nn.Linear(config.width, config.embedding, bias=False),
        )


class _Scale(nn.Module):
    """ImageBind's learned scale of the logits, which a unit vector does without."""

    def __init__(self) -> None:
        super().__init__()
        self.log_logit_scale = nn.Parameter(torch.zeros([]))


class ImageBindText(nn.Module):
    """Texts to unit vectors; `tokenizer` is given with the vocabulary file."""

    def __init__(
        self,
        config: ImageBindTextConfig = ImageBindTextConfig(),
        tokenizer: Tokenizer | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.modality_preprocessors = nn.ModuleDict({"text": _Preprocessor(config)})
        self.modality_trunks = nn.ModuleDict({"text": _Trunk(config)})
        self.modality_heads = nn.ModuleDict({"text": _Head(config)})
        scale = nn.Sequential(nn.Identity(), _Scale())
        self.modality_postprocessors = nn.ModuleDict({"text": scale})

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, context) token ids -> unit vectors (B, embedding), read at the end token."""
        before, trunk = self.modality_preprocessors["text"], self.modality_trunks["text"]
        x = trunk(before(tokens), before.mask)  # (B, context, W)
        # The end token has the highest id of all.
        x = x[torch.arange(len(x)), tokens.argmax(dim=-1)]  # (B, W)
        head = cast("_Head", self.modality_heads["text"])
        return nn.functional.normalize(head.proj(x), dim=-1)

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors (B, embedding); raises `WrongWeightsError` without a vocabulary."""
        if self.tokenizer is None:
            raise WrongWeightsError(
                f"no vocabulary was given to embed texts with; expected {VOCABULARY_FILE}"
            )
        with torch.inference_mode():
            vectors: Tensor = self(self.tokenizer(texts))
        return vectors.clone()


def load(
    path: Path, vocabulary: Path | None = None, config: ImageBindTextConfig | None = None
) -> ImageBindText:
    """Return the frozen text encoder of a published file; sizes are read off the shapes.

    `vocabulary` is `bpe_simple_vocab_16e6.txt.gz`; without it only token ids can be embedded.
    Raises `models.network.published_weights.PretrainedError` naming the key that does not
    fit.
    """
    tensors = _of_text(read_weights(path))
    if config is None:
        config = _config(tensors, path)
    tokenizer = None if vocabulary is None else Tokenizer(vocabulary, config.context)
    if tokenizer is not None and tokenizer.size != config.vocabulary:
        raise WrongWeightsError(
            f"vocabulary {vocabulary} has {tokenizer.size} tokens; weights {path} expect "
            f"{config.vocabulary}"
        )
    module = ImageBindText(config, tokenizer)
    fit_into(module, tensors, path)
    return module


def _of_text(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    left = tuple(f"{group}.{other}." for group in _GROUPS for other in OTHERS)
    return {key: value for key, value in tensors.items() if not key.startswith(left)}


def _config(tensors: Mapping[str, Tensor], path: Path) -> ImageBindTextConfig:
    vocabulary, width = shape_of(
        tensors, "modality_preprocessors.text.token_embedding.weight", 2, path
    )
    _, context, _ = shape_of(tensors, "modality_preprocessors.text.pos_embed", 3, path)
    embedding, _ = shape_of(tensors, "modality_heads.text.proj.1.weight", 2, path)
    prefix = "modality_trunks.text.blocks."
    numbers = {key[len(prefix) :].split(".")[0] for key in tensors if key.startswith(prefix)}
    return ImageBindTextConfig(
        width=width,
        blocks=max(1, len(numbers)),
        heads=max(1, width // _HEAD_WIDTH),
        vocabulary=vocabulary,
        context=context,
        embedding=embedding,
    )
