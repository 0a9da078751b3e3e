"""A published data set seen through frozen encoders: windows, labels by name, users apart.

Label sets are the data's own. A **context** is 30 s in 15 segments of 2 s, whose scenarios fill at
least a fifth of it; a **moment** is 5 s of one labelled action, with the context it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from models.features import Features
from models.recordings.segments import Segment, cut
from models.research.lib.column_dataset import ColumnDataset
from models.research.lib.errors import ResearchError
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.recordings.protocol import TruthKind
    from models.recordings.session import SessionRecording
    from models.research.papers.feature_pair import FeatureEncoder, FeaturePair

CONTEXT_S, SEGMENT_S, MOMENT_S = 30, 2, 5
SEGMENTS = CONTEXT_S // SEGMENT_S
MIN_SHARE = 0.2
# So that an hour of one action does not outweigh all others.
MOMENTS_A_SPAN = 8
CONTEXTS_A_RECORDING = 40
_SHORTEST_S = 4.0


class TablesError(ResearchError):
    """A data set does not hold what a table needs; the text says what is missing."""


@dataclass(frozen=True)
class Contexts(ColumnDataset):
    """N contexts: features (N, 15, F), masks (N, 15) and scenarios (N, K) multi-hot."""

    audio: Tensor
    audio_mask: Tensor
    imu: Tensor
    imu_mask: Tensor
    scenarios: Tensor
    user: NDArray[np.str_]
    # Those that tile the recordings; the others only surround a moment.
    tiles: NDArray[np.bool_]


@dataclass(frozen=True)
class Moments(ColumnDataset):
    """M moments: features (M, F), masks, activity and context (M,) by index."""

    audio: Tensor
    audio_mask: Tensor
    imu: Tensor
    imu_mask: Tensor
    activity: Tensor
    context: Tensor
    user: NDArray[np.str_]


@dataclass(frozen=True)
class EncodedSet:
    """A data set through one `FeaturePair`; K is 0 where it names no scenarios."""

    name: str
    scenarios: tuple[str, ...]
    activities: tuple[str, ...]
    contexts: Contexts
    moments: Moments


@dataclass(frozen=True)
class Split:
    """Users of each part; no user is in two."""

    train: frozenset[str]
    validation: frozenset[str]
    test: frozenset[str]


def split_users(users: Sequence[str], seed: int) -> Split:
    """Keep a fifth of the users for the test and a fifth for validation, at least one each.

    Raises `TablesError` for fewer than three.
    """
    known = sorted(set(users))
    if len(known) < 3:
        raise TablesError(
            f"data set has {len(known)} users; expected at least 3 to keep them apart"
        )
    order = np.random.default_rng([seed, 17]).permutation(known).tolist()
    part = max(1, round(len(known) / 5))
    return Split(
        train=frozenset(order[2 * part :]),
        validation=frozenset(order[part : 2 * part]),
        test=frozenset(order[:part]),
    )


def encode(name: str, recordings: Sequence[SessionRecording], pair: FeaturePair) -> EncodedSet:
    """Cut every recording into contexts and moments and encode them.

    Raises `TablesError` when no recording has a label.
    """
    scenarios, activities = _names(recordings, "scenario"), _names(recordings, "activity")
    if not scenarios and not activities:
        raise TablesError(f"data set {name!r} has no labelled recording")
    features = Features()
    contexts: list[tuple[Tensor, ...]] = []
    moments: list[tuple[Tensor, ...]] = []
    users: dict[str, list[str]] = {"context": [], "moment": []}
    tiles: list[bool] = []
    for recording in tqdm(recordings, desc=f"encode {name}", mininterval=5, disable=None):
        length_s = recording.duration_s
        if length_s < _SHORTEST_S:
            continue
        tiled = _tiles(length_s)
        spans = [
            (start_s, activities.index(label))
            for begin_s, end_s, label in _spans(recording, "activity")
            for start_s in _moment_starts(begin_s, end_s, length_s)
        ]
        around = {_context_of(start_s, length_s) for start_s, _ in spans}
        starts = sorted({*(tiled if scenarios else ()), *around})
        place = {start_s: len(contexts) + number for number, start_s in enumerate(starts)}
        for start_s in starts:
            stretch = cut(recording, start_s, CONTEXT_S, features)
            named = _shares(recording, start_s, scenarios) >= MIN_SHARE
            contexts.append((*_segments(stretch, pair), torch.from_numpy(named)))
            tiles.append(start_s in tiled)
        for start_s, activity in spans:
            stretch = cut(recording, start_s, MOMENT_S, features)
            context = place[_context_of(start_s, length_s)]
            moments.append(
                (*_encoded_segment(stretch, pair), torch.tensor(activity), torch.tensor(context))
            )
        users["context"] += [recording.user] * len(starts)
        users["moment"] += [recording.user] * len(spans)
    if not contexts:
        raise TablesError(f"data set {name!r} has no readable recording of {_SHORTEST_S:g} s")
    audio, has_audio, imu, has_imu, truth = (torch.stack(c) for c in zip(*contexts, strict=True))
    return EncodedSet(
        name=name,
        scenarios=scenarios,
        activities=activities,
        contexts=Contexts(
            audio,
            has_audio,
            imu,
            has_imu,
            truth.float(),
            np.array(users["context"]),
            np.array(tiles),
        ),
        moments=_moments(moments, users["moment"], pair),
    )


def _moments(rows: list[tuple[Tensor, ...]], users: list[str], pair: FeaturePair) -> Moments:
    if not rows:
        none = torch.zeros(0, dtype=torch.int64)
        audio, imu = torch.zeros(0, pair.audio.width), torch.zeros(0, pair.imu.width)
        return Moments(audio, none.bool(), imu, none.bool(), none, none, np.array(users, str))
    audio, has_audio, imu, has_imu, activity, context = (
        torch.stack(column) for column in zip(*rows, strict=True)
    )
    return Moments(audio, has_audio, imu, has_imu, activity, context, np.array(users))


def _names(recordings: Sequence[SessionRecording], kind: TruthKind) -> tuple[str, ...]:
    return tuple(sorted({s.label for r in recordings for s in r.truth() if s.kind == kind}))


def _spans(recording: SessionRecording, kind: TruthKind) -> list[tuple[float, float, str]]:
    begin = recording.start_ns
    return [
        ((s.start_ns - begin) / NS, (s.end_ns - begin) / NS, s.label)
        for s in recording.truth()
        if s.kind == kind
    ]


def _tiles(length_s: float) -> list[float]:
    count = max(1, int(length_s // CONTEXT_S))
    chosen = np.linspace(0, count - 1, min(count, CONTEXTS_A_RECORDING)).round().astype(int)
    return [float(number * CONTEXT_S) for number in np.unique(chosen)]


def _moment_starts(begin_s: float, end_s: float, length_s: float) -> list[float]:
    """Tile a span with moments; a shorter one lies in the middle of its only moment."""
    end_s = min(end_s, length_s)
    if begin_s >= end_s:
        return []
    count = int((end_s - begin_s) // MOMENT_S)
    if count == 0:
        middle = (begin_s + end_s) / 2 - MOMENT_S / 2
        return [round(max(0.0, min(middle, length_s - MOMENT_S)), 3)]
    chosen = np.linspace(0, count - 1, min(count, MOMENTS_A_SPAN)).round().astype(int)
    return [round(begin_s + number * MOMENT_S, 3) for number in np.unique(chosen)]


def _context_of(start_s: float, length_s: float) -> float:
    last = max(0, int(length_s // CONTEXT_S) - 1)
    return float(min(int((start_s + MOMENT_S / 2) // CONTEXT_S), last) * CONTEXT_S)


def _shares(
    recording: SessionRecording, start_s: float, names: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return how much of a context each scenario fills, (K,)."""
    share = np.zeros(len(names))
    length_s = min(float(CONTEXT_S), recording.duration_s - start_s)
    for begin_s, end_s, label in _spans(recording, "scenario"):
        inside = min(end_s, start_s + length_s) - max(begin_s, start_s)
        share[names.index(label)] += max(0.0, inside) / length_s
    return share


def _segments(stretch: Segment, pair: FeaturePair) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    wave = torch.from_numpy(stretch.wave).view(SEGMENTS, -1)
    imu = torch.from_numpy(stretch.imu).view(SEGMENTS, -1, 6)
    has_audio = torch.from_numpy(stretch.has_audio.reshape(SEGMENTS, -1).all(axis=1))
    has_imu = torch.from_numpy(stretch.has_imu.reshape(SEGMENTS, -1).all(axis=1))
    return (
        _features(pair.audio, wave, has_audio),
        has_audio,
        _features(pair.imu, imu, has_imu),
        has_imu,
    )


def _encoded_segment(stretch: Segment, pair: FeaturePair) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    # A moment at a recording's edge may lack a second.
    has_audio = torch.tensor([bool(stretch.has_audio.mean() >= 0.6)])
    has_imu = torch.tensor([bool(stretch.has_imu.mean() >= 0.6)])
    wave, imu = torch.from_numpy(stretch.wave)[None], torch.from_numpy(stretch.imu)[None]
    audio, motion = _features(pair.audio, wave, has_audio), _features(pair.imu, imu, has_imu)
    return audio[0], has_audio[0], motion[0], has_imu[0]


def _features(encoder: FeatureEncoder, values: Tensor, present: Tensor) -> Tensor:
    """Encode the rows that are present; the others are zeros."""
    out = torch.zeros(len(values), encoder.width)
    if present.any():
        with torch.inference_mode():
            features = encoder(values[present])
        out[present] = features.clone()
    return out
