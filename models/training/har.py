"""Trains `models.har`, the fusion of sound, motion and scenario, on trained encoders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from models.contrastive import Encoders
from models.har import Har, HarConfig
from models.labels import SCENARIOS
from models.text import ScenarioText
from models.training.augment import coloured, remounted
from models.training.clips import Clips
from models.training.encoded import segments_of
from models.training.fit import Fit, fit
from models.training.metrics import macro_f1
from models.training.sources import Sources

BATCH = 128
VARIANTS = 2
WINDOW = 250  # steps of 20 ms
SCENARIO_CLIPS = {"train": 1800, "validation": 200}
ACTIVITY_CLIPS = {"train": 1200, "validation": 300}
WITHOUT_AUDIO = 0.2
WITHOUT_IMU = 0.1
WITHOUT_SCENARIO = 0.35
WRONG_SCENARIO = 0.12
REAL_SHARE = 0.25


@dataclass(frozen=True)
class Examples:
    """Encoded windows: features (N, F), masks (N,), scenarios (N, 16) or none, activity (N,)."""

    audio: Tensor
    audio_mask: Tensor
    imu: Tensor
    imu_mask: Tensor
    scenarios: Tensor
    activity: Tensor

    def __len__(self) -> int:
        return len(self.activity)

    def take(self, rows: Tensor) -> Examples:
        """Return the windows `rows`."""
        return Examples(**{name: value[rows] for name, value in vars(self).items()})


def joined(parts: list[Examples]) -> Examples:
    """Concatenate examples."""
    names = vars(parts[0])
    return Examples(**{name: torch.cat([vars(part)[name] for part in parts]) for name in names})


def from_clips(encoders: Encoders, clips: Clips, rng: Generator | None = None) -> Examples:
    """Encode every 5 s window of simulated clips."""
    seen = segments_of(encoders, clips.mel, clips.imu, WINDOW, rng)
    count = seen.audio_mask.shape[1]
    present = torch.ones(len(clips) * count, dtype=torch.bool)
    return Examples(
        audio=seen.audio_features.flatten(0, 1),
        audio_mask=present,
        imu=seen.imu_features.flatten(0, 1),
        imu_mask=present,
        scenarios=torch.from_numpy(clips.scenarios).repeat_interleave(count, dim=0),
        activity=torch.from_numpy(clips.activities[:, :count].reshape(-1)),
    )


def from_motion(
    encoders: Encoders,
    imu: NDArray[np.float32],
    activity: NDArray[np.int64],
    rng: Generator | None = None,
) -> Examples:
    """Encode real wearers' windows of known activity: no sound, no scenario."""
    known = activity >= 0
    parts = []
    with torch.inference_mode():
        for block in torch.split(torch.from_numpy(imu[known]), 64):
            turned = remounted(block, rng) if rng is not None else block
            parts.append(encoders.imu(turned).features)
    features = torch.cat(parts).clone()
    return _single(features, torch.from_numpy(activity[known]), heard=False)


def from_sounds(
    encoders: Encoders,
    mel: NDArray[np.float16],
    activity: NDArray[np.int64],
    rng: Generator | None = None,
) -> Examples:
    """Encode ESC-50 clips that an activity makes: no motion, no scenario."""
    known = activity >= 0
    parts = []
    with torch.inference_mode():
        for block in torch.split(torch.from_numpy(mel[known].astype(np.float32)), 32):
            changed = coloured(block, rng) if rng is not None else block
            parts.append(encoders.audio(changed).features)
    features = torch.cat(parts).clone()
    return _single(features, torch.from_numpy(activity[known]), heard=True)


def _single(features: Tensor, activity: Tensor, heard: bool) -> Examples:
    nothing = torch.zeros_like(features)
    mask = torch.ones(len(features), dtype=torch.bool)
    return Examples(
        audio=features if heard else nothing,
        audio_mask=mask if heard else ~mask,
        imu=nothing if heard else features,
        imu_mask=~mask if heard else mask,
        scenarios=torch.zeros(len(features), len(SCENARIOS)),
        activity=activity,
    )


def scores(network: Har, text: ScenarioText, examples: Examples) -> Tensor:
    """Return activity logits (N, 16)."""
    table = text.table.expand(len(examples), *text.table.shape)  # (N, 16, E)
    logits: Tensor = network(
        examples.audio,
        examples.audio_mask,
        examples.imu,
        examples.imu_mask,
        table,
        examples.scenarios > 0,
    )
    return logits


def predict(network: Har, text: ScenarioText, examples: Examples) -> NDArray[np.int64]:
    """Return the likeliest activities (N,)."""
    predicted: NDArray[np.int64] = scores(network, text, examples).argmax(dim=1).numpy()
    return predicted


def thinned(examples: Examples, rng: Generator) -> Examples:
    """Drop inputs and mistake scenarios, as the running pipeline does."""
    count = len(examples)
    lost = rng.random(count)
    scenarios = examples.scenarios.numpy().copy()
    wrong = rng.random(count) < WRONG_SCENARIO
    scenarios[wrong] = np.eye(scenarios.shape[1], dtype=np.float32)[
        rng.integers(0, scenarios.shape[1], int(wrong.sum()))
    ]
    scenarios[rng.random(count) < WITHOUT_SCENARIO] = 0
    both = (examples.audio_mask & examples.imu_mask).numpy()
    audio = examples.audio_mask.numpy() & ~(both & (lost < WITHOUT_AUDIO))
    imu = examples.imu_mask.numpy() & ~(both & (lost > 1 - WITHOUT_IMU))
    return Examples(
        audio=examples.audio,
        audio_mask=torch.from_numpy(audio),
        imu=examples.imu,
        imu_mask=torch.from_numpy(imu),
        scenarios=torch.from_numpy(scenarios),
        activity=examples.activity,
    )


def train(
    sources: dict[str, Sources],
    encoders: Encoders,
    text: ScenarioText,
    settings: Fit,
    seed: int,
) -> Har:
    """Return a trained fusion on top of `encoders`, which stay as they are."""
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 4])
    clips = [
        sources["train"].both("scenario", SCENARIO_CLIPS["train"]),
        sources["train"].both("activity", ACTIVITY_CLIPS["train"]),
    ]
    check = from_clips(
        encoders, sources["validation"].both("activity", ACTIVITY_CLIPS["validation"])
    )
    simulated, recorded = [], []
    motion, sounds = sources["train"].motion(), sources["train"].sounds()
    for changes in [None] + [rng] * (VARIANTS - 1):
        simulated.append(joined([from_clips(encoders, part, changes) for part in clips]))
        if motion is not None and sounds is not None:
            recorded.append(
                joined(
                    [
                        from_motion(encoders, motion.imu, motion.activity, changes),
                        from_sounds(encoders, sounds.mel, sounds.activity, changes),
                    ]
                )
            )
    network = Har(HarConfig(features=encoders.config.audio.features))
    share = REAL_SHARE if recorded else 0.0
    weights = [_evened(part.activity) for part in simulated[:1] + recorded[:1]]

    def loss_of(rng: Generator) -> Tensor:
        real = round(BATCH * share)
        variant = int(rng.integers(VARIANTS))
        rows = torch.from_numpy(rng.choice(len(weights[0]), BATCH - real, p=weights[0]))
        parts = [simulated[variant].take(rows)]
        if real:
            rows = torch.from_numpy(rng.choice(len(weights[1]), real, p=weights[1]))
            parts.append(recorded[variant].take(rows))
        batch = thinned(joined(parts), rng)
        return torch.nn.functional.cross_entropy(
            scores(network, text, batch), batch.activity, label_smoothing=0.05
        )

    def score_of() -> float:
        return macro_f1(predict(network, text, check), check.activity.numpy())

    fitted = fit("har", network, loss_of, score_of, settings, seed)
    print(f"har: validation macro-F1 {fitted.score:.3f}")
    return network


def _evened(activity: Tensor) -> NDArray[np.float64]:
    """Chances of drawing each window, so that rare activities are seen too."""
    _, inverse, counts = np.unique(activity.numpy(), return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(counts[inverse])
    even: NDArray[np.float64] = weight / weight.sum()
    return even
