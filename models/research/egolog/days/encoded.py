"""Composed days encoded by the frozen encoders: training data of the networks above them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from models.labels import ACTIVITIES
from models.network.low_precision import low_precision
from models.recordings.activity_windows import MIN_CHANGE_SHARE, POSTURE_CHANGES
from models.research.egolog.augment import remount, vary_microphone
from models.research.egolog.days.composed import FRAMES, Days
from models.research.lib.column_dataset import ColumnDataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.egolog.contrastive import Encoders

SEGMENT_S = 2
ACTIVITY_S = 5
_CHANGES = tuple(ACTIVITIES.index(name) for name in POSTURE_CHANGES)
_STRETCHES_AT_ONCE = 2


@dataclass(frozen=True)
class EncodedDays(ColumnDataset):
    """N stretches of L seconds, encoded.

    `audio` (N, P, 256) and `imu` (N, P, 128) are of the 2 s segments that begin at every second,
    P = L - 1, and `audio_plain`, `imu_plain` the same before the contrastive stage; `audio_5s`
    (N, Q, 256) and `imu_5s` (N, Q, 128) of the L/5 activity windows, whose `activity` is (N, Q),
    and `audio_seconds` (N, Q, 5, 256) and `imu_seconds` (N, Q, 5, 128) of each of their seconds;
    `scenarios` (N, L, 16) float of every second.
    """

    audio: Tensor
    imu: Tensor
    audio_plain: Tensor
    imu_plain: Tensor
    audio_5s: Tensor
    imu_5s: Tensor
    audio_seconds: Tensor
    imu_seconds: Tensor
    scenarios: Tensor
    activity: Tensor

    @property
    def seconds(self) -> int:
        """Length of every stretch."""
        return self.scenarios.shape[1]

    def plain(self) -> EncodedDays:
        """Return the segments as they were encoded before the contrastive stage."""
        return replace(self, audio=self.audio_plain, imu=self.imu_plain)


def encode(
    encoders: Encoders, days: Days, rng: Generator | None = None, *, fast: bool = False
) -> EncodedDays:
    """Encode every stretch, augmented with other microphones and mountings if `rng` is given.

    `fast` computes in half precision, whose error is far below the noise that training adds.
    """
    columns: defaultdict[str, list[Tensor]] = defaultdict(list)
    starts = torch.arange(days.seconds - SEGMENT_S + 1)
    inside = starts[:, None] + torch.arange(SEGMENT_S)  # (P, 2)
    rows = starts[:, None] * FRAMES + torch.arange(SEGMENT_S * FRAMES)  # (P, 100)
    with torch.inference_mode(), low_precision(enabled=fast):
        for first in tqdm(range(0, len(days), _STRETCHES_AT_ONCE), desc="encode", mininterval=5):
            block = slice(first, first + _STRETCHES_AT_ONCE)
            mel = torch.from_numpy(days.mel[block].astype(np.float32))
            imu = torch.from_numpy(days.imu[block])
            if rng is not None:
                mel, imu = vary_microphone(mel, rng), remount(imu, rng)
            seconds = encoders.seconds(mel)  # (B, L, 2, 512)
            encoding = encoders.encode_imu(imu[:, rows].flatten(0, 1))
            five = seconds.reshape(-1, ACTIVITY_S, *seconds.shape[2:])
            imu_5s, imu_seconds = encoders.imu_by_second(imu.reshape(-1, ACTIVITY_S * FRAMES, 6))
            for column, features in (
                ("audio", encoders.encode_seconds(seconds[:, inside].flatten(0, 1))),
                ("audio_plain", encoders.audio(mel[:, rows].flatten(0, 1)).features),
                ("audio_5s", encoders.encode_seconds(five)),
                ("imu", encoding.features),
                ("imu_plain", encoding.plain),
                ("imu_5s", imu_5s),
                ("audio_seconds", encoders.audio_by_second(five)),
                ("imu_seconds", imu_seconds),
            ):
                columns[column].append(features.float().view(len(mel), -1, *features.shape[1:]))
    return EncodedDays(
        **{name: torch.cat(parts).clone() for name, parts in columns.items()},
        scenarios=torch.from_numpy(days.scenarios.astype(np.float32)),
        activity=torch.from_numpy(window_activities(days.activities)),
    )


def encode_segments(
    encoders: Encoders, parts: Sequence[Days], *, fast: bool = False
) -> EncodedDays:
    """Encode only the segments of every stretch: a third of `encode`'s work, `fast` as there.

    The features before the contrastive stage and those of activity windows are left empty. All is
    on the device of `encoders`.
    """
    device = encoders.space.tau.device
    columns: defaultdict[str, list[Tensor]] = defaultdict(list)
    with torch.inference_mode(), low_precision(enabled=fast, device=device.type):
        for days in parts:
            inside = torch.arange(days.seconds - SEGMENT_S + 1)[:, None] + torch.arange(SEGMENT_S)
            rows = inside[:, :1] * FRAMES + torch.arange(SEGMENT_S * FRAMES)  # (P, 100)
            for mel, imu in zip(days.mel, days.imu, strict=True):
                stretch = torch.from_numpy(mel.astype(np.float32)).to(device)
                seconds = encoders.seconds(stretch[None])[0]
                columns["audio"].append(encoders.encode_seconds(seconds[inside]).float())
                motion = torch.from_numpy(imu)[rows].to(device)
                columns["imu"].append(encoders.imu_features(motion).float())
            columns["scenarios"] += torch.from_numpy(days.scenarios.astype(np.float32)).to(device)
    audio, imu, scenarios = (torch.stack(columns[name]) for name in ("audio", "imu", "scenarios"))
    nothing = torch.zeros(len(audio), 0, device=device)
    return EncodedDays(
        audio=audio.clone(),
        imu=imu.clone(),
        audio_plain=nothing,
        imu_plain=nothing,
        audio_5s=nothing,
        imu_5s=nothing,
        audio_seconds=nothing,
        imu_seconds=nothing,
        scenarios=scenarios,
        activity=nothing,
    )


def window_activities(activities: NDArray[np.int8]) -> NDArray[np.int64]:
    """(N, L) activities of seconds -> (N, L/5) of windows: a posture change, else the longest."""
    windows = activities.reshape(len(activities), -1, ACTIVITY_S)
    counts = (windows[..., None] == np.arange(len(ACTIVITIES))).sum(axis=2)  # (N, Q, 16)
    longest: NDArray[np.int64] = counts.argmax(axis=2).astype(np.int64)
    for change in _CHANGES:
        longest[counts[..., change] >= MIN_CHANGE_SHARE * ACTIVITY_S] = change
    return longest
