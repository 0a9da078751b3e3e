"""Low-rank compression of the sound encoder's shared tower, so that it can run every second.

Every 3×3 convolution is replaced by one with fewer maps and a 1×1 convolution, from the principal
components of its responses (Zhang et al. 2015, "Accelerating very deep convolutional networks").
The tower is then trained on single seconds to reproduce the original's features of whole
stretches, which also compensates for the cuts between seconds. The sound-event head is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from models.egolog.audio_encoder import Residual, SoundTower
from models.egolog.contrastive import Encoders
from models.network.windows import SECOND_STEPS
from models.research.egolog.augment import vary_microphone
from models.research.lib.fit import Fit, fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from models.research.egolog.days.composed import Days

RANK = 0.25
"""Number of maps of the 3×3 part, as a share of the convolution's outputs."""

SECONDS, SECONDS_SHARES = (2, 5), (0.6, 0.4)
BATCH_SECONDS = 60
TRAINED_S = 6_000
COLOURED = 0.5
_FIRST = 24
_CHECKED = 0.06


@dataclass(frozen=True)
class Stretches:
    """B stretches of n seconds (B, 50·n, 64), and their original features (B, 256)."""

    mel: Tensor
    features: Tensor


def draw_mels(days: Sequence[Days], count: int, seconds: int, rng: Generator) -> Tensor:
    """Return `count` stretches (count, 50·seconds, 64), half with another microphone's response."""
    steps = seconds * SECOND_STEPS
    pieces = []
    for _ in range(count):
        part = days[int(rng.integers(len(days)))]
        row = int(rng.integers(len(part)))
        at = int(rng.integers(part.seconds - seconds + 1)) * SECOND_STEPS
        pieces.append(torch.from_numpy(part.mel[row, at : at + steps].astype(np.float32)))
    mel = torch.stack(pieces)
    chosen = torch.from_numpy(rng.random((count, 1, 1)) < COLOURED)
    return torch.where(chosen, vary_microphone(mel, rng), mel)


def length(rng: Generator) -> int:
    """Draw a stretch length in s: that of a segment or of an activity window."""
    return int(rng.choice(SECONDS, p=SECONDS_SHARES))


def compact(before: Encoders, mel: Tensor, rank: float) -> Encoders:
    """Return encoders whose shared tower is the low-rank approximation of that of `before`.

    The principal components are those of its responses to `mel` (B, T, 64).
    """
    after = Encoders(replace(before.config, shared_rank=rank)).eval()
    for name, part in before.named_children():
        if name != "shared_audio":
            getattr(after, name).load_state_dict(part.state_dict())
    with torch.inference_mode():
        _reduce(before.shared_audio, after.shared_audio, before.audio.low(mel))
    return after


def stretches(before: Encoders, days: Sequence[Days], seconds: int, seed: int) -> list[Stretches]:
    """Return `seconds` of sound in batches, with the features of whole stretches by `before`."""
    rng = np.random.default_rng([seed, 5])
    made: list[Stretches] = []
    with torch.inference_mode():
        for _ in tqdm(range(seconds // BATCH_SECONDS), desc="stretches", mininterval=5):
            seconds_each = length(rng)
            mel = draw_mels(days, BATCH_SECONDS // seconds_each, seconds_each, rng)
            made.append(Stretches(mel, before.shared_audio(before.audio.low(mel))))
    return [Stretches(each.mel.clone(), each.features.clone()) for each in made]


def train(
    before: Encoders,
    days: Sequence[Days],
    settings: Fit,
    seed: int,
    seconds: int = TRAINED_S,
    rank: float = RANK,
) -> Encoders:
    """Return encoders with a compact shared tower, trained on the features of `before`."""
    first = draw_mels(days, _FIRST, SECONDS[0], np.random.default_rng([seed, 4]))
    after = compact(before, first, rank).requires_grad_(False)
    made = stretches(before, days, seconds, seed)
    held_out = max(1, round(_CHECKED * len(made)))
    variance = torch.cat([each.features for each in made]).var(dim=0).mean()
    tower = after.shared_audio.requires_grad_(True)
    student = _Still(tower)

    def loss_of(rng: Generator) -> Tensor:
        return error(made[held_out + int(rng.integers(len(made) - held_out))])

    def error(batch: Stretches) -> Tensor:
        difference = after.audio_features(batch.mel) - batch.features
        out: Tensor = difference.square().mean() / variance
        return out

    def score_of() -> float:
        return -float(torch.stack([error(batch) for batch in made[:held_out]]).mean())

    fitted = fit("compact", student, loss_of, score_of, settings, seed)
    print(f"compact: {-fitted.score:.4f} of the features' variance is lost on stretches held out")
    return after.requires_grad_(False).eval()


class _Still(nn.Module):
    """A tower trained with fixed normalisation statistics and no dropout: targets are exact."""

    def __init__(self, tower: SoundTower) -> None:
        super().__init__()
        self.tower = tower

    def train(self, mode: bool = True) -> _Still:
        """Stay in inference mode."""
        del mode
        return super().train(False)


def _reduce(before: SoundTower, after: SoundTower, low: Tensor) -> None:
    """Copy `before` to `after`, with convolutions reduced to their principal components."""
    for name, part in before.named_children():
        if name != "layers":
            getattr(after, name).load_state_dict(part.state_dict())
    x = low
    for old, new in zip(before.layers, after.layers, strict=True):
        if not isinstance(old, Residual) or not isinstance(new, Residual):
            raise TypeError(f"tower has a layer {type(old).__name__}; expected Residual")
        new.skip.load_state_dict(old.skip.state_dict())
        _components(old.first, new.first, x)
        _components(old.second, new.second, torch.relu(old.first(x)))
        x = old(x)


def _components(old: nn.Sequential, new: nn.Sequential, inputs: Tensor) -> None:
    norm: Any = new[1]
    mixed: Any = new[0]
    convolution: Any = old[0]
    norm.load_state_dict(old[1].state_dict())
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # (O,)
    responses = convolution(inputs).transpose(0, 1).flatten(1) * scale[:, None]  # (O, P)
    mean = responses.mean(dim=1)
    _, vectors = torch.linalg.eigh(torch.cov(responses).double())
    basis = vectors[:, -len(mixed[0].weight) :].float()  # (O, R)
    scaled = convolution.weight * scale[:, None, None, None]
    mixed[0].weight.copy_(torch.einsum("or,oikl->rikl", basis, scaled))
    mixed[1].weight.copy_((basis / scale[:, None])[:, :, None, None])
    # On average the residual of the components is a constant.
    norm.running_mean.sub_((mean - basis @ (basis.T @ mean)) / scale)
