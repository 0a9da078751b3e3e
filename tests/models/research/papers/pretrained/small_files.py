"""Random weights under the official key names, written out here and not taken from our modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTHS_04: dict[str, Any] = {  # channel counts of mn04: MobileNetV3's times 0.4, to multiples of 8
    "stem": 8,
    # inputs, kernel, expanded, outputs, squeezed or None
    "blocks": [
        (8, 3, 8, 8, None),
        (8, 3, 24, 16, None),
        (16, 3, 32, 16, None),
        (16, 5, 32, 16, 8),
        (16, 5, 48, 16, 16),
        (16, 5, 48, 16, 16),
        (16, 3, 96, 32, None),
        (32, 3, 80, 32, None),
        (32, 3, 72, 32, None),
        (32, 3, 72, 32, None),
        (32, 3, 192, 48, 48),
        (48, 3, 272, 48, 72),
        (48, 5, 272, 64, 72),
        (64, 5, 384, 64, 96),
        (64, 5, 384, 64, 96),
    ],
    "last": 384,
    "hidden": 512,
}


def random_tensors(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, Tensor]:
    """Return random tensors; variances are positive, counters integers."""
    generator = torch.Generator().manual_seed(seed)
    out = {}
    for key, shape in shapes.items():
        if key.endswith("num_batches_tracked"):
            out[key] = torch.tensor(5)
        elif key.endswith("running_var"):
            out[key] = torch.rand(shape, generator=generator) + 0.5
        else:
            fan = shape[1] if len(shape) > 1 else 1
            out[key] = torch.randn(shape, generator=generator) / fan**0.5
    return out


def efficientat() -> dict[str, Tensor]:
    """Return the keys and shapes of `mn04_as_mAP_432.pt`."""
    shapes: dict[str, tuple[int, ...]] = {}

    def conv(name: str, outputs: int, inputs: int, kernel: int) -> None:
        shapes[f"{name}.0.weight"] = (outputs, inputs, kernel, kernel)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.1.{part}"] = (outputs,)
        shapes[f"{name}.1.num_batches_tracked"] = ()

    conv("features.0", _WIDTHS_04["stem"], 1, 3)
    for number, block in enumerate(_WIDTHS_04["blocks"], 1):
        inputs, kernel, wide, outputs, squeezed = block
        place = 0
        if wide != inputs:
            conv(f"features.{number}.block.0", wide, inputs, 1)
            place = 1
        conv(f"features.{number}.block.{place}", wide, 1, kernel)
        if squeezed is not None:
            gate = f"features.{number}.block.{place + 1}.conc_se_layers.0"
            shapes[f"{gate}.fc1.weight"], shapes[f"{gate}.fc1.bias"] = (squeezed, wide), (squeezed,)
            shapes[f"{gate}.fc2.weight"], shapes[f"{gate}.fc2.bias"] = (wide, squeezed), (wide,)
            place += 1
        conv(f"features.{number}.block.{place + 1}", outputs, wide, 1)
    conv("features.16", 384, 64, 1)
    for number, (outputs, inputs) in {2: (512, 384), 5: (527, 512)}.items():
        shapes[f"classifier.{number}.weight"] = (outputs, inputs)
        shapes[f"classifier.{number}.bias"] = (outputs,)
    return random_tensors(shapes)


def limu_bert(hidden: int = 72, feed_forward: int = 144, rows: int = 120) -> dict[str, Tensor]:
    """Return the keys and shapes of a `limu_v1.pt` of pretraining."""
    shapes: dict[str, tuple[int, ...]] = {
        "transformer.embed.lin.weight": (hidden, 6),
        "transformer.embed.lin.bias": (hidden,),
        "transformer.embed.pos_embed.weight": (rows, hidden),
        "transformer.pwff.fc1.weight": (feed_forward, hidden),
        "transformer.pwff.fc1.bias": (feed_forward,),
        "transformer.pwff.fc2.weight": (hidden, feed_forward),
        "transformer.pwff.fc2.bias": (hidden,),
        "decoder.weight": (6, hidden),
        "decoder.bias": (6,),
    }
    for name in ("embed.norm", "norm1", "norm2"):
        shapes[f"transformer.{name}.gamma"] = shapes[f"transformer.{name}.beta"] = (hidden,)
    shapes["norm.gamma"] = shapes["norm.beta"] = (hidden,)
    square = ("attn.proj_q", "attn.proj_k", "attn.proj_v", "proj")
    for name in (*(f"transformer.{part}" for part in square), "fc", "linear"):
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (hidden, hidden), (hidden,)
    return random_tensors(shapes)


def imagebind(
    vocabulary: int, width: int = 64, blocks: int = 2, out: int = 32
) -> dict[str, Tensor]:
    """Return the text tower's keys of `imagebind_huge.pth` at reduced width, and some others'."""
    pre, trunk = "modality_preprocessors.text", "modality_trunks.text.blocks"
    shapes: dict[str, tuple[int, ...]] = {
        f"{pre}.token_embedding.weight": (vocabulary, width),
        f"{pre}.pos_embed": (1, 77, width),
        "modality_heads.text.proj.0.weight": (width,),
        "modality_heads.text.proj.0.bias": (width,),
        "modality_heads.text.proj.1.weight": (out, width),
        "modality_postprocessors.text.1.log_logit_scale": (),
        "modality_preprocessors.vision.cls_token": (1, 1, 8),
        "modality_trunks.imu.blocks.0.attn.bias_k": (1, 1, 8),
        "modality_heads.audio.0.weight": (8,),
    }
    for number in range(blocks):
        block = f"{trunk}.{number}"
        shapes[f"{block}.attn.in_proj_weight"] = (3 * width, width)
        shapes[f"{block}.attn.in_proj_bias"] = (3 * width,)
        shapes[f"{block}.attn.out_proj.weight"] = (width, width)
        shapes[f"{block}.attn.out_proj.bias"] = (width,)
        for norm in ("norm_1", "norm_2"):
            shapes[f"{block}.{norm}.weight"] = shapes[f"{block}.{norm}.bias"] = (width,)
        shapes[f"{block}.mlp.fc1.weight"] = (4 * width, width)
        shapes[f"{block}.mlp.fc1.bias"] = (4 * width,)
        shapes[f"{block}.mlp.fc2.weight"] = (width, 4 * width)
        shapes[f"{block}.mlp.fc2.bias"] = (width,)
    tensors = random_tensors(shapes)
    tensors[f"{pre}.mask"] = torch.full((77, 77), float("-inf")).triu(1)
    return tensors
