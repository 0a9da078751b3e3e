"""Calibrates the activity network on motion without sound.

Most windows of composed days have sound, so a network trained on them only is overconfident on the
motion of unseen users without sound, and knows no wrist. Training continues from that network on
three kinds of windows: composed ones with silence as sound, whose targets are what motion alone can
distinguish; those of real wearers at all positions (`models.research.egolog.real_activities`); and
real ones outside of the closed set, with uniform targets (outlier exposure, Hendrycks et al. 2019).
On windows with sound it is distilled from the network before, and the weights before and after are
interpolated (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.labels import ACTIVITIES
from models.research.egolog import har as of_har
from models.research.egolog.days.composed import FRAMES
from models.research.egolog.days.encoded import ACTIVITY_S
from models.research.egolog.hand_activities import shown_by_motion
from models.research.egolog.har import ActivityExamples, fused_logits, of_motion
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import accuracy

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.egolog.contrastive import Encoders
    from models.egolog.har import Har
    from models.egolog.scenario_text import ScenarioText

STEPS = 5_000
BATCH, REAL_BATCH, OUTSIDE_BATCH = 128, 256, 32
REAL_WEIGHT, OUTSIDE_WEIGHT = 1.5, 0.3
SILENCED = 0.1
"""Share of composed windows whose sound is replaced by silence, as the interference gate does."""
NOISE, SMOOTHING = 0.4, 0.05
SHARES = (1.0, 0.85, 0.7, 0.5)
MOST_LOST = 0.005
"""Maximum loss of accuracy on composed validation days from interpolating the weights."""


@dataclass(frozen=True)
class RealWindows:
    """Features of real wearers' windows: `features` (N, 128) of the closed set, `outside` (M, 128).

    `targets` (N, 16) are the probabilities of what is right, `sampling` (N,) those of being drawn.
    """

    features: Tensor
    targets: NDArray[np.float32]
    sampling: NDArray[np.float64]
    outside: Tensor


@dataclass(frozen=True)
class ComposedWindows:
    """Training and validation windows of composed days, and the features of `silence`."""

    train: ActivityExamples
    check: ActivityExamples
    silence: Tensor


def silence(encoders: Encoders) -> Tensor:
    """Return the features (256,) of a silent activity window."""
    mel = torch.zeros(1, FRAMES * ACTIVITY_S, encoders.audio.config.mels)
    with torch.inference_mode():
        return encoders.audio_features(mel)[0].clone()


def train(
    before: Har,
    text: ScenarioText,
    composed: ComposedWindows,
    real: RealWindows,
    settings: Fit,
    seed: int,
) -> Har:
    """Return `before`, interpolated by `largest_share` with the network trained from it."""
    torch.manual_seed(seed)
    network = copy.deepcopy(before).requires_grad_(True)
    days = composed.train
    weight = of_har.sampling_probabilities(days.activity)
    spread = (float(days.audio.std()), float(days.imu.std()))
    by_motion, known_targets = torch.from_numpy(shown_by_motion()), torch.from_numpy(real.targets)

    def loss_of(rng: Generator) -> Tensor:
        rows = torch.from_numpy(rng.choice(len(weight), BATCH, p=weight))
        batch = of_har.corrupt_inputs(days.take(rows), rng, spread)
        silenced = torch.from_numpy(rng.random(BATCH) < SILENCED)
        batch = of_har.replace_sound(batch, silenced, composed.silence)
        mute = (silenced | ~batch.audio_mask) & batch.imu_mask & ~batch.scenarios.any(dim=1)
        with torch.inference_mode():
            predicted = torch.softmax(fused_logits(before, text, batch), dim=1)
        targets = torch.where(mute[:, None], _smooth_labels(by_motion[batch.activity]), predicted)
        rows = torch.from_numpy(rng.choice(len(real.sampling), REAL_BATCH, p=real.sampling))
        known = _noisy_motion(real.features[rows], spread[1])
        right = _smooth_labels(known_targets[rows])
        rows = torch.from_numpy(rng.integers(len(real.outside), size=OUTSIDE_BATCH))
        outside = _noisy_motion(real.outside[rows], spread[1])
        even = torch.full((OUTSIDE_BATCH, len(ACTIVITIES)), 1 / len(ACTIVITIES))
        return (
            _against(fused_logits(network, text, batch), targets)
            + REAL_WEIGHT * _against(fused_logits(network, text, known), right)
            + OUTSIDE_WEIGHT * _against(fused_logits(network, text, outside), even)
        )

    fit("motion alone", network, loss_of, lambda: 0.0, replace(settings, checks=1), seed)
    return largest_share(before, network, text, composed.check)


def blend_networks(before: Har, after: Har, share: float) -> Har:
    """Return a network whose weights are `share` those of `after`, the rest those of `before`."""
    network, theirs = copy.deepcopy(before), after.state_dict()
    own = before.state_dict()
    network.load_state_dict({name: (1 - share) * own[name] + share * theirs[name] for name in own})
    return network.requires_grad_(False).eval()


def largest_share(before: Har, after: Har, text: ScenarioText, check: ActivityExamples) -> Har:
    """Return the interpolation with the largest share of `after` that `check` allows.

    Accuracy on `check` may fall by at most `MOST_LOST`, with and without the scenario.
    """
    shown, truth = (check, of_har.without(check, "scenario")), check.activity.numpy()

    def accuracies(network: Har) -> list[float]:
        return [accuracy(of_har.predict(network, text, each), truth) for each in shown]

    least = [accurate - MOST_LOST for accurate in accuracies(before)]
    for share in SHARES:
        network = blend_networks(before, after, share)
        now = accuracies(network)
        print(f"motion alone: {share:.2f} of it, composed validation {now[0]:.4f}, {now[1]:.4f}")
        if all(own >= lowest for own, lowest in zip(now, least, strict=True)):
            return network
    return before


def _noisy_motion(features: Tensor, spread: float) -> ActivityExamples:
    """Return examples of motion alone, without labels: `features` (N, 128) with noise."""
    noisy = features + torch.randn_like(features) * spread * NOISE
    return of_motion(noisy, np.zeros(len(features), np.int64))


def _smooth_labels(targets: Tensor) -> Tensor:
    return (1 - SMOOTHING) * targets + SMOOTHING / targets.shape[1]


def _against(logits: Tensor, targets: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(logits, targets)
