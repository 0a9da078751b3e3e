"""Parameters, multiplications, bytes and milliseconds of every network (EgoLog Table 3)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from models.egolog.contrastive import ENCODERS
from models.egolog.har import HAR
from models.egolog.localization import LOCALIZATION
from models.egolog.near_field import NEAR_FIELD
from models.egolog.near_share import NearAndFar
from models.egolog.scenario import SCENARIO
from models.features import Features
from models.network.windows import SEGMENT_S
from models.serving.audio_tagger import TaggerFeatures
from models.serving.catalogue import all_keys
from models.serving.encoded_seconds import SecondEncoder
from models.serving.near_field import NearFieldExtractor
from models.serving.one_thread import pin_one_thread
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    ScenarioInput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from models.serving.segment_sounds import SegmentSounds, tagged_count
from models.serving.served import ALL
from operators.sound_places import MAX_APART

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.serving.audio_tagger import AudioTagger
    from models.serving.registry import Registry

REPEATS = 15
WINDOW_S, ACTIVITY_S = 30, 5


@dataclass(frozen=True)
class Size:
    """A network's file: parameters and megabytes as stored."""

    name: str
    parameters: int
    megabytes: float


@dataclass(frozen=True)
class Cost:
    """One window's work: million multiply-adds and milliseconds on one CPU thread."""

    part: str
    every_s: int
    mega_macs: float
    cpu_ms: float


def sizes(registry: Registry) -> list[Size]:
    """Return the size of every weights file that is there, the derived ones last."""
    sizes = []
    for key in all_keys():
        path = registry.path(key)
        if path.is_file():
            module = registry.load(key).module
            count = sum(p.numel() for p in module.parameters())
            sizes.append(Size(key.name, count, path.stat().st_size / 1e6))
    for derived in (each for served in ALL for each in (served.int8, served.acceleration)):
        if derived is not None and registry.path(derived).is_file():
            count = sum(tensor.size for tensor in registry.weights(derived).tensors.values())
            megabytes = registry.path(derived).stat().st_size / 1e6
            sizes.append(Size(derived.name, count, megabytes))
    return sizes


def costs(registry: Registry) -> list[Cost]:
    """Measure one window through each part, as the pipeline calls them.

    Scenario and activity share the seconds of sound. The near field is extracted only in seconds
    with a likely far source, and near and far are named apart only in windows that have some.
    """
    pin_one_thread()
    rng = np.random.default_rng(0)
    second = LocalizerInput(
        rng.random((3, 50, 64), np.float32), rng.standard_normal((50, 6)).astype(np.float32)
    )
    present = np.ones(WINDOW_S, dtype=bool)
    window = ScenarioInput(
        rng.random((50 * WINDOW_S, 64), np.float32) * 10,
        rng.standard_normal((50 * WINDOW_S, 6)).astype(np.float32),
        present,
        present,
    )
    activity = HarInput(
        None,
        rng.standard_normal((50 * ACTIVITY_S, 6)).astype(np.float32),
        {"Cooking": 0.9},
    )
    sound_localizer, extractor, second_encoder, scenario_recognizer, activity_recognizer = (
        SoundLocalizer(registry),
        NearFieldExtractor(registry),
        SecondEncoder(registry, capacity=0),
        # What is kept costs nothing the second time.
        ScenarioRecognizer(registry, segment_sounds=SegmentSounds(registry, capacity=0)),
        ActivityRecognizer(registry),
    )
    sound = rng.random((50, 64), np.float32) * 10
    segment = rng.random((50 * SEGMENT_S, 64), np.float32) * 10
    apart = [NearAndFar(segment, segment)] * MAX_APART
    (second_of_sound,) = second_encoder.encode(sound)
    window = replace(window, seconds=[second_of_sound] * WINDOW_S)
    activity = replace(activity, seconds=[second_of_sound] * ACTIVITY_S)
    counted = _WindowWork(registry)
    return [
        _cost("spatial", 1, lambda: sound_localizer.predict([second]), counted.spatial),
        _cost("near field", 1, lambda: extractor.predict([second.maps]), counted.near_field),
        _cost("sound", 1, lambda: second_encoder.encode(sound), counted.sound),
        _cost(
            "scenario", WINDOW_S, lambda: scenario_recognizer.predict([window]), counted.scenario
        ),
        _cost(
            "near and far",
            WINDOW_S,
            lambda: scenario_recognizer.name_apart(apart),
            counted.near_and_far,
        ),
        _cost("har", ACTIVITY_S, lambda: activity_recognizer.predict([activity]), counted.har),
    ]


class _WindowWork:
    """One window's work by torch, which counts multiplications; what serves it does not."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._encoders = registry.load(ENCODERS).module

    def spatial(self) -> None:
        self._registry.load(LOCALIZATION).module(torch.rand(1, 3, 50, 64), torch.rand(1, 6, 50))

    def near_field(self) -> None:
        self._registry.load(NEAR_FIELD).module(torch.rand(1, 3, 50, 64))

    def sound(self) -> None:
        self._encoders.seconds(torch.rand(1, 50, 64))

    def scenario(self) -> None:
        segments = WINDOW_S // SEGMENT_S
        network = self._registry.load(SCENARIO).module
        self._encoders.audio(torch.rand(tagged_count(segments), 50 * SEGMENT_S, 64))
        self._encoders.space.of_audio(
            self._encoders.encode_seconds(torch.rand(segments, SEGMENT_S, 2, 512))
        )
        self._encoders.encode_imu(torch.rand(segments, 50 * SEGMENT_S, 6))
        network(torch.rand(1, segments, network.config.row_width))

    def near_and_far(self) -> None:
        self._encoders.audio(torch.rand(2 * MAX_APART, 50 * SEGMENT_S, 64))

    def har(self) -> None:
        network = self._registry.load(HAR).module
        there = torch.ones(1, dtype=torch.bool)
        seconds = torch.rand(1, ACTIVITY_S, 2, 512)
        motion, imu_by_second = self._encoders.imu_by_second(torch.rand(1, 50 * ACTIVITY_S, 6))
        network(
            self._encoders.encode_seconds(seconds),
            there,
            motion,
            there,
            torch.rand(1, 1, network.config.text),
            there[None],
            self._encoders.audio_by_second(seconds),
            imu_by_second,
        )


def tagger_costs(tagger: AudioTagger) -> list[Cost]:
    """Measure a plugged-in audio tagger on a window of two ears at 16 kHz.

    The front end's are what it adds to a second of features; its Fourier transforms and
    resampling are in the milliseconds only.
    """
    pin_one_thread()
    rng = np.random.default_rng(0)
    second = (0.1 * rng.standard_normal((2, 16_000))).astype(np.float32)
    mask = np.ones(16_000, dtype=bool)
    own = Features()
    with_tagger = TaggerFeatures()
    mel = torch.from_numpy(rng.random((100 * WINDOW_S, 128), np.float32))
    arrived = torch.ones(WINDOW_S, dtype=torch.bool)

    def tag() -> None:
        with torch.inference_mode():
            tagger.events(mel, arrived)

    plain = _cost("", 1, lambda: own.audio(second, 16_000, mask))
    both = _cost("", 1, lambda: with_tagger.audio(second, 16_000, mask))
    return [
        Cost("audio tagger's front end", 1, both.mega_macs, both.cpu_ms - plain.cpu_ms),
        _cost("audio tagger", WINDOW_S, tag),
    ]


def _cost(
    part: str,
    every_s: int,
    run: Callable[[], object],
    counted: Callable[[], object] | None = None,
) -> Cost:
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        (counted or run)()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return Cost(part, every_s, counter.get_total_flops() / 2e6, median(taken) * 1e3)
