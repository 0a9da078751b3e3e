"""Trains the scenario network on windows encoded by the frozen encoders and the shared space."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from models.egolog.scenario import ScenarioConfig, ScenarioNet, Segments, Sequence
from models.research.egolog.days.encoded import SEGMENT_S, EncodedDays
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import micro_f1

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.egolog.contrastive import SharedSpace

BATCH = 96
WINDOW_S = 30
# A scenario is a target if it fills at least this share of a window.
MIN_SHARE = 0.2
WITHOUT_MODALITY = 0.1
WITHOUT_SEGMENT = 0.25
NOISE = 0.4
# Share of windows with some segments replaced from another stretch of the same scenarios.
SPLICED = 0.6


@dataclass(frozen=True)
class ScenarioWindows:
    """Windows of S segments (N, S, ...) and their scenarios (N, 16)."""

    segments: Segments
    scenarios: Tensor

    def __len__(self) -> int:
        return len(self.scenarios)


def cut(
    days: EncodedDays,
    space: SharedSpace,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    seconds: int = WINDOW_S,
    noise: float = 0.0,
) -> ScenarioWindows:
    """Cut windows of `seconds` that begin at `starts` (N,) of the stretches `rows` (N,).

    `noise` is added to the features, as a share of their standard deviation, because the encoders
    were trained on the training clips and fit them better than others.
    """
    at = starts[:, None] + np.arange(0, seconds, SEGMENT_S)  # (N, S)
    audio, imu = days.audio[rows[:, None], at], days.imu[rows[:, None], at]
    if noise:
        audio = audio + torch.randn_like(audio) * audio.std() * noise
        imu = imu + torch.randn_like(imu) * imu.std() * noise
    inside = starts[:, None] + np.arange(seconds)
    share = days.scenarios[rows[:, None], inside].mean(dim=1)  # (N, 16)
    present = torch.ones(at.shape, dtype=torch.bool, device=audio.device)
    segments = Segments(
        audio_features=audio,
        audio_embedding=space.of_audio(audio),
        audio_mask=present,
        imu_features=imu,
        imu_embedding=space.of_imu(imu),
        imu_mask=present,
    )
    return ScenarioWindows(segments, (share >= MIN_SHARE).float())


def cut_windows(days: EncodedDays, space: SharedSpace, seconds: int = WINDOW_S) -> ScenarioWindows:
    """Cut every stretch into consecutive windows."""
    per = days.seconds // seconds
    rows = np.repeat(np.arange(len(days)), per)
    starts = np.tile(np.arange(per) * seconds, len(days))
    with torch.inference_mode():
        return cut(days, space, rows, starts, seconds)


def predict(
    network: ScenarioNet, windows: ScenarioWindows, only: Literal["audio", "imu"] | None = None
) -> NDArray[np.float32]:
    """Return probabilities (N, 16), from a single modality if `only` names one."""
    segments = windows.segments
    nothing = torch.zeros_like(segments.audio_mask)
    if only == "audio":
        segments = replace(segments, imu_mask=nothing)
    elif only == "imu":
        segments = replace(segments, audio_mask=nothing)
    with torch.inference_mode():
        rows, _ = network.join(segments)
        probability: NDArray[np.float32] = torch.sigmoid(network(rows)).cpu().numpy()
    return probability


def train(
    days: EncodedDays,
    check: EncodedDays,
    space: SharedSpace,
    settings: Fit,
    seed: int,
    *,
    sequence: Sequence = "transformer",
    key_frames: bool = True,
    batch: int = BATCH,
) -> ScenarioNet:
    """Return a network trained above `space`, which is frozen, on the device of them all.

    A step takes `batch` windows.
    """
    torch.manual_seed(seed)
    checked = cut_windows(check, space)
    network = ScenarioNet(
        ScenarioConfig(
            audio=days.audio.shape[2],
            imu=days.imu.shape[2],
            embedding=space.config.embedding,
            sequence=sequence,
            key_frames=key_frames,
        )
    ).to(days.audio.device)

    alike = SimilarStretches.of(days)

    def loss_of(rng: Generator) -> Tensor:
        rows = rng.integers(0, len(days), batch)
        starts = rng.integers(0, days.seconds - WINDOW_S + 1, batch)
        with torch.no_grad():
            windows = cut(days, space, rows, starts, noise=NOISE)
            others, from_others = alike.draw(rows, rng)
            spliced = cut(days, space, others, starts, noise=NOISE).segments
            segments = _splice(windows.segments, spliced, from_others)
            segments = _drop_inputs(segments, rng)
        joined, _ = network.join(segments)
        return torch.nn.functional.binary_cross_entropy_with_logits(
            network(joined), windows.scenarios
        )

    def score_of() -> float:
        return micro_f1(predict(network, checked), checked.scenarios.cpu().numpy())

    name = f"scenario, {sequence}{'' if key_frames else ', no key frames'}"
    fitted = fit(name, network, loss_of, score_of, settings, seed)
    f1 = _centre_threshold(network, checked)
    print(f"{name}: validation micro-F1 {fitted.score:.3f}, {f1:.3f} with the threshold moved")
    return network


def _centre_threshold(network: ScenarioNet, check: ScenarioWindows) -> float:
    """Shift the output's bias so that 0.5 is the best threshold on validation; return its F1."""
    truth, probability = check.scenarios.cpu().numpy(), predict(network, check)
    scores = {at: micro_f1(probability, truth, at) for at in np.arange(0.2, 0.81, 0.05)}
    # The median of near-optimal thresholds, because validation windows are few.
    best = [at for at, score in scores.items() if score >= max(scores.values()) - 0.005]
    at = float(np.mean(best))
    with torch.no_grad():
        network.out.bias.sub_(float(np.log(at / (1 - at))))
    return micro_f1(predict(network, check), truth)


@dataclass(frozen=True)
class SimilarStretches:
    """Groups of stretches with the same constant scenarios, of which windows may be spliced.

    `order` sorts the stretches by scenarios; stretch n matches those at [first[n], last[n]) of it,
    or only itself if its scenarios change.
    """

    order: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, days: EncodedDays) -> SimilarStretches:
        """Group the stretches of `days`."""
        active = days.scenarios.cpu().numpy() > 0  # (N, L, 16)
        steady = (active == active[:, :1]).all(axis=(1, 2))
        _, code = np.unique(active[:, 0], axis=0, return_inverse=True)
        # A stretch whose scenarios change is its own group.
        code = np.where(steady, code, len(active) + np.arange(len(active)))
        order = np.argsort(code, kind="stable")
        inverse = code[order]
        first = np.searchsorted(inverse, code, "left")
        last = np.searchsorted(inverse, code, "right")
        return cls(order.astype(np.int64), first.astype(np.int64), last.astype(np.int64))

    def draw(
        self, rows: NDArray[np.int64], rng: Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Draw a matching stretch for each of `rows` (B,), and which segments (B, 15) it gives."""
        others = self.order[rng.integers(self.first[rows], self.last[rows])]
        segments = WINDOW_S // SEGMENT_S
        at = np.arange(segments)[None]
        begin = rng.integers(0, segments, len(rows))[:, None]
        length = rng.integers(3, 9, len(rows))[:, None]
        length[rng.random(len(rows)) >= SPLICED] = 0
        return others, (at >= begin) & (at < begin + length)


def _splice(one: Segments, other: Segments, from_other: NDArray[np.bool_]) -> Segments:
    """Replace the marked segments (B, S) by those of `other`."""
    marked = torch.from_numpy(from_other)[..., None].to(one.audio_features.device)
    names = ("audio_features", "imu_features", "audio_embedding", "imu_embedding")
    return replace(
        one, **{n: torch.where(marked, getattr(other, n), getattr(one, n)) for n in names}
    )


def _drop_inputs(segments: Segments, rng: Generator) -> Segments:
    """Drop modalities and segments at random, but never all of them."""
    batch, count = segments.audio_mask.shape
    lost = rng.random(batch)
    audio = np.ones((batch, count), dtype=bool)
    imu = np.ones((batch, count), dtype=bool)
    audio[lost < WITHOUT_MODALITY] = False
    imu[lost > 1 - WITHOUT_MODALITY] = False
    for mask in (audio, imu):
        for item in np.flatnonzero(rng.random(batch) < WITHOUT_SEGMENT):
            mask[item, rng.permutation(count)[: int(rng.integers(1, count))]] = False
    empty = ~(audio | imu).any(axis=1)
    audio[empty] = imu[empty] = True
    device = segments.audio_mask.device
    return replace(
        segments,
        audio_mask=torch.from_numpy(audio).to(device),
        imu_mask=torch.from_numpy(imu).to(device),
    )
