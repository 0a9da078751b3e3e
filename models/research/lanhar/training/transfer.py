"""LanHAR end to end: labelled source, unlabelled target, both stages of training (§3.2, §3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.lanhar.activity_names import Classes, classes, in_set, still
from models.lanhar.sensor_encoder import (
    FEATURES,
    Inputs,
    SensorEncoder,
    SensorEncoderConfig,
    measures_of,
)
from models.lanhar.text_encoder import TextEncoder, WordEncoder
from models.lanhar.vocabulary import LabelEmbeddings, embed_labels
from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.gravity_alignment import gravity, uprights
from models.research.lanhar.interpretation.template_interpreter import interpret_all_by_template
from models.research.lanhar.training.posture import split, train_posture
from models.research.lanhar.training.posture_features import Postures, postures
from models.research.lanhar.training.sensor import (
    SensorSettings,
    TrainingSet,
    embed,
    guess,
    surest,
    train_gait,
    train_sequence,
)
from models.research.lanhar.training.text import TextSettings, train_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.research.lanhar.interpretation.windows import Windows

_STILL_ACC = 0.5  # m/s²: below it the measures of steps are noise, and their spread means nothing


@dataclass(frozen=True)
class TransferSettings:
    """Everything that decides a run; `most` bounds the source's windows of one class.

    `posture` has a branch of its own tell two or more still classes of the source apart.
    """

    text: TextSettings = field(default_factory=TextSettings)
    sensor: SensorSettings = field(default_factory=SensorSettings)
    encoder: SensorEncoderConfig = field(default_factory=SensorEncoderConfig)
    most: int = 1_200
    most_open: int = 4_000
    upright: bool = True
    posture: bool = True

    def shorter(self, share: float) -> TransferSettings:
        """Return the same with a share of all steps."""
        text, sensor = self.text, self.sensor
        return replace(
            self,
            text=replace(text, steps=int(text.steps * share)),
            sensor=replace(
                sensor,
                gait_steps=int(sensor.gait_steps * share),
                posture_steps=int(sensor.posture_steps * share),
                steps=int(sensor.steps * share),
            ),
        )


@dataclass(frozen=True)
class Interpreted:
    """Windows with what is said of each, one variant with and one without its wearer's posture.

    `posture` (N, 2): cosine of gravity's angle to upright, and 1 where that is known, else 0.
    """

    windows: Windows
    texts: list[list[str]]
    posture: Tensor
    postures: Postures

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Interpreted:
        """Return the windows that a mask or an index array chooses."""
        places = np.arange(len(self.windows))[chosen]
        return Interpreted(
            self.windows.where(places),
            [self.texts[place] for place in places],
            self.posture[torch.from_numpy(places)],
            self.postures[torch.from_numpy(places)],
        )


def interpret(windows: Windows, seed: int = 0, upright: bool = True) -> Interpreted:
    """Analyse windows and interpret them by template; no label is looked at."""
    plain = analyse_all(windows.data)
    postured, posture = plain, torch.zeros((len(windows), 2))
    if upright:
        known = uprights(windows, plain)
        postured = analyse_all(windows.data, known)
        cosine = (gravity(windows) * known).sum(axis=1)
        there = np.isfinite(cosine)
        posture = torch.from_numpy(
            np.stack([np.where(there, cosine, 0), there], axis=1).astype(np.float32)
        )
    texts = [
        [brief.text, full.text]
        for brief, full in zip(
            interpret_all_by_template(plain, 1, seed),
            interpret_all_by_template(postured, 2, seed + 1),
            strict=True,
        )
    ]
    window_postures = postures(windows, plain)
    return Interpreted(
        windows,
        texts,
        posture,
        window_postures if upright else window_postures.without_inclination(),
    )


@dataclass(frozen=True)
class TransferModel:
    """What a run has learned."""

    text: TextEncoder
    encoder: SensorEncoder
    classes: tuple[str, ...]
    losses: list[float]

    @torch.no_grad()
    def embed(self, readings: Interpreted) -> Tensor:
        """Return unit vectors (N, 128) of readings.

        With a posture branch, a still reading's also depends on its wearer's other still readings.
        """
        inputs = inputs_of(self.encoder, readings)
        vectors = embed(self.encoder, inputs)
        if not self.encoder.config.posture:
            return vectors
        labels = torch.from_numpy(embed_labels(self.text, self.classes).vectors)
        rests = torch.isin((vectors @ labels.T).argmax(dim=1), torch.tensor(still(self.classes)))
        if not rests.any():
            return vectors
        by_posture = self.encoder.by_posture(readings.postures.relative(rests))
        vectors[rests] = embed(self.encoder, inputs[rests], by_posture[rests])
        return readings.postures.smoothed(vectors, rests)

    def likeness(self, readings: Interpreted, labels: LabelEmbeddings) -> NDArray[np.float32]:
        """Return (N, K) likeness of readings to labels."""
        likeness: NDArray[np.float32] = (
            self.embed(readings) @ torch.from_numpy(labels.vectors).T
        ).numpy()
        return likeness

    def recognise(
        self, readings: Interpreted, labels: Sequence[str] | None = None
    ) -> NDArray[np.str_]:
        """Return the likeliest label of each reading, of the trained classes or of `labels`."""
        names = tuple(labels or self.classes)
        scores = self.likeness(readings, embed_labels(self.text, names))
        predicted: NDArray[np.str_] = np.array(names, dtype=np.str_)[scores.argmax(axis=1)]
        return predicted


def fit(
    source: Interpreted,
    target: Interpreted | None,
    label_set: Classes,
    seed: int,
    settings: TransferSettings = TransferSettings(),
    text: TextEncoder | None = None,
) -> TransferModel:
    """Train both stages; of `target` only the readings are used, never a label.

    `text` is where the text encoder starts; without one it is new.
    """
    torch.manual_seed(seed)
    inside, named = in_set(source.windows.label, label_set)
    names = tuple(name for name in classes(label_set) if name in set(named.tolist()))
    source = source.where(inside)
    kept = _bounded(named, settings.most, seed)
    source, named = source.where(kept), named[kept]
    label = torch.tensor([names.index(str(name)) for name in named])
    text = WordEncoder() if text is None else text
    losses = train_text(text, source.texts, [str(n) for n in named], seed, settings.text)
    labels = torch.from_numpy(embed_labels(text, names).vectors)
    imu = torch.from_numpy(source.windows.data)
    resting = still(names)
    apart = settings.posture and settings.encoder.gait and len(resting) > 1
    encoder = SensorEncoder(replace(settings.encoder, posture=apart))
    measured = measures_of(imu)
    moving = torch.from_numpy(source.windows.data[..., :3].std(axis=1).sum(axis=1) > _STILL_ACC)
    encoder.standardise(measured, torch.where(moving, label, -1))
    read = encode(text, source)
    if settings.encoder.gait:
        train_gait(encoder, imu, read, label, labels, seed, settings.sensor)
    if apart:
        rests = torch.isin(label, torch.tensor(resting))
        relative = source.postures.relative(rests)[rests]
        train_posture(encoder, relative, label[rests], labels, seed, settings.sensor)
    if settings.encoder.sequence:
        parts = (
            [] if target is None else [_guessed(encoder, text, target, labels, resting, settings)]
        )
        if target is None or not settings.encoder.gait:
            parts.append(TrainingSet(inputs_of(encoder, source), read, label))
        train_sequence(encoder, parts, labels, seed, settings.sensor)
    return TransferModel(text, encoder, names, losses)


def fit_open(
    source: Interpreted,
    target: Interpreted,
    seed: int,
    settings: TransferSettings = TransferSettings(),
    text: TextEncoder | None = None,
) -> TransferModel:
    """Train both stages for activities that no label was ever given for.

    The text encoder learns from descriptions alone, and the sensor encoder the interpretations of
    all unlabelled readings: no class of the source draws new activities to itself.
    """
    torch.manual_seed(seed)
    text = WordEncoder() if text is None else text
    losses = train_text_on_descriptions(text, seed, settings.text)
    encoder = SensorEncoder(replace(settings.encoder, gait=False))
    parts = [source.where(_sample(len(source.windows), settings.most_open, seed)), target]
    encoder.standardise(
        measures_of(torch.from_numpy(np.concatenate([p.windows.data for p in parts])))
    )
    training_sets = [
        TrainingSet(inputs_of(encoder, p), encode(text, p), torch.full((len(p.windows),), -1))
        for p in parts
    ]
    sensor = replace(settings.sensor, sequence_contrast=1.0)
    train_sequence(encoder, training_sets, torch.zeros((0, FEATURES)), seed, sensor)
    return TransferModel(text, encoder, (), losses)


def train_text_on_descriptions(text: TextEncoder, seed: int, settings: TextSettings) -> list[float]:
    """Train a text encoder in place without any readings; return the loss of every step."""
    return train_text(text, [], [], seed, settings)


def _sample(count: int, most: int, seed: int) -> NDArray[np.int64]:
    places = np.random.default_rng(seed).permutation(count)[:most]
    return np.sort(places)


def encode(text: TextEncoder, readings: Interpreted) -> Tensor:
    """Return unit vectors (N, 128) of readings' interpretations, the mean of the variants."""
    count = len(readings.texts[0]) if readings.texts else 1
    flat = text.encode([one for variants in readings.texts for one in variants])
    return torch.nn.functional.normalize(flat.view(-1, count, flat.shape[1]).mean(dim=1), dim=1)


def inputs_of(encoder: SensorEncoder, readings: Interpreted) -> Inputs:
    """Return what the encoder sees of readings."""
    data = torch.from_numpy(readings.windows.data)
    parts = [
        encoder.inputs(data[rows], readings.posture[rows])
        for rows in torch.split(torch.arange(len(data)), 1_024)
    ]
    return Inputs.together(parts)


def _guessed(
    encoder: SensorEncoder,
    text: TextEncoder,
    target: Interpreted,
    labels: Tensor,
    resting: Sequence[int],
    settings: TransferSettings,
) -> TrainingSet:
    inputs, read = inputs_of(encoder, target), encode(text, target)
    if not settings.encoder.gait:
        return TrainingSet(inputs, read, torch.full((len(read),), -1))
    shares = guess(encoder, inputs, read, labels, settings.sensor)
    if encoder.config.posture:
        shares = split(encoder, target.postures, shares, labels, resting, settings.sensor)
    return TrainingSet(inputs, read, surest(shares, settings.sensor))


def _bounded(named: NDArray[np.str_], most: int, seed: int) -> NDArray[np.int64]:
    """Return places of at most `most` windows of each class, in order."""
    rng = np.random.default_rng(seed)
    kept = []
    for name in np.unique(named):
        places = np.flatnonzero(named == name)
        kept.append(rng.permutation(places)[:most])
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)
