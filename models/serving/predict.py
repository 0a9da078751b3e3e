"""What the agents call: windows' features in, probabilities by name out; synchronous.

**An item's numbers never depend on its company.** Matrix kernels add in an order that depends on
the batch's size, so a window scored beside others would differ in the last bits, and a replay at
another speed would write another log. Each item is therefore run by itself: sound second by
second, the fifteen segments of a scenario window as a batch that always has the same size, and for
the small CNNs of the other two batching does not pay. Inputs are copied into torch's own aligned
memory and every call runs on one thread, because alignment and thread count change the order of
sums too. Probabilities are rounded to four decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.egolog.audio_tagger.log_mel import MELS
from models.egolog.contrastive import ENCODERS
from models.egolog.familiarity import FAMILIARITY, SCENARIO_FAMILIARITY, is_unknown
from models.egolog.har import HAR
from models.egolog.localization import ARRAYS, LOCALIZATION, LOCALIZATION_MONO
from models.egolog.scenario import SCENARIO, ScenarioNet, Segments
from models.egolog.scenario_text import SCENARIO_TEXT
from models.egolog.windows import SEGMENT_S
from models.labels import ACTIVITIES, MOTIONS, RECOGNISED_SOUNDS, SCENARIOS
from models.serving.audio_tagger import SEGMENT_S as TAGGED_S
from models.serving.audio_tagger import STEPS, TAGGER_MEL
from models.serving.encoded_seconds import EncodedSecond, SecondEncoder
from models.serving.one_thread import pin_one_thread
from schemas.evidence import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.egolog import localization
    from models.serving.audio_tagger import AudioTagger
    from models.serving.registry import Loaded, Registry
    from schemas.frames import Modality

DECIMALS = 4
FRAME_RATE = 50
MEL_BANDS = 64
TOP_EVENTS = 5
MIN_EVENT = 0.3
# Sound events are those of a window's loudest segments, 11 of 15: quiet ones seldom name any.
NAMED_SHARE = 0.7
MIN_SCENARIO = 0.5
# Below this even the likeliest scenario tells the activity network nothing.
MIN_ONLY_SCENARIO = 0.2

Array = NDArray[Any]


class PredictError(ValueError):
    """An item's arrays do not have the shapes that the network takes."""


@dataclass(frozen=True)
class LocalizerInput:
    """One second: `maps` (M, 50, 64), M 1, 3 or 10, and `imu` (50, 6) or None."""

    maps: Array
    imu: Array | None = None


@dataclass(frozen=True)
class Adapter:
    """One wearer's `bias` (16,) on the scenarios' logits, for the network of revision `network`.

    `name` is what the revision of an estimate made with it ends in.
    """

    network: str
    bias: NDArray[np.float32]
    name: str


@dataclass(frozen=True)
class ScenarioInput:
    """One scenario window of n seconds, n even.

    `mel` (50·n, 64) and `imu` (50·n, 6), or None; the masks (n,) are True for each second of
    which anything arrived. `adapter` is the wearer's own, used by the network that it is for.
    `tagger_mel` (100·n, 128) is what an audio tagger takes, n then a multiple of 5 too. `seconds`
    are those of `mel` where somebody has encoded them already.
    """

    mel: Array | None
    imu: Array | None
    audio_mask: NDArray[np.bool_]
    imu_mask: NDArray[np.bool_]
    adapter: Adapter | None = None
    tagger_mel: Array | None = None
    seconds: Sequence[EncodedSecond] | None = None


@dataclass(frozen=True)
class ScenarioOutput:
    """Scenario probabilities, and what the join and the fine-tuner need beside them.

    `key_frames` are the segments' weights, `sound_events` the top five above 0.3, `motion` all
    four classes, low together when the wearer keeps still; both are the largest over segments.
    `embeddings` (S, 644) float32 is the sequence model's input. `revision` names the networks that
    made this estimate, which a later one need not have; an audio tagger's is its third part.
    `familiarity` is that of each judged modality; nobody should count an `unknown` estimate.
    """

    scenarios: dict[str, float]
    key_frames: list[float]
    sound_events: dict[str, float]
    motion: dict[str, float]
    embeddings: NDArray[np.float32]
    revision: str
    familiarity: dict[Modality, float]
    unknown: bool


@dataclass(frozen=True)
class HarInput:
    """One activity window: `mel` (T, 64), `imu` (N, 6), and the scenario estimate; any may be None.

    T is of whole seconds. Where the interference gate drops the audio, `mel` is silence. `seconds`
    are those of `mel` where somebody has encoded them already.
    """

    mel: Array | None
    imu: Array | None
    scenarios: Mapping[str, float] | None = None
    seconds: Sequence[EncodedSecond] | None = None


@dataclass(frozen=True)
class ActivityEstimate:
    """Probabilities of the activities, the familiarity of each judged modality, and the verdict.

    The likeliest activity of an `unknown` window is only what the network had to choose.
    """

    activities: dict[str, float]
    familiarity: dict[Modality, float]
    unknown: bool


class SoundLocalizer:
    """Sound localization (EgoLog §4.2); picks the network by the number of maps.

    `array` says which device four microphones sit on
    (`models.simulation.acoustics.microphone_arrays.GEOMETRY_M`).
    """

    def __init__(self, registry: Registry, array: localization.Array = "glasses") -> None:
        loaded = {
            1: registry.load(LOCALIZATION_MONO),
            3: registry.load(LOCALIZATION),
            10: registry.load(ARRAYS[array]),
        }
        self._networks = {maps: network.module for maps, network in loaded.items()}
        self.revision = loaded[3].revision

    def predict(self, items: Sequence[LocalizerInput]) -> list[dict[str, float]]:
        """Return the calibrated probabilities of the eight regions for each second.

        Raises `PredictError` for shapes other than `LocalizerInput`'s.
        """
        with torch.inference_mode():
            pin_one_thread()
            return [self._predict(item) for item in items]

    def _predict(self, item: LocalizerInput) -> dict[str, float]:
        _check("maps", item.maps, (None, None, 64))
        count = len(item.maps)
        if count not in self._networks:
            raise PredictError(f"maps have {count} planes; expected 1, 3 or 10")
        imu = None
        if item.imu is not None:
            _check("imu", item.imu, (item.maps.shape[1], 6))
            imu = _tensor(np.ascontiguousarray(item.imu.T))[None]  # (1, 6, T)
        regions = self._networks[count].regions(_tensor(item.maps)[None], imu)[0]  # (8,)
        return _named(REGIONS, regions)


class ScenarioRecognizer:
    """Scenario recognition (EgoLog §4.1.3), with the sound events and motion class of §4.4.1.

    Windows are cut into segments of `segment_s`; sound events above `sound_event_above` are named,
    by `tagger` where there is one and the window has its log-mel, else from the log-mel of the
    loudest segments. `second_encoder` is one that the activities share.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        segment_s: int = SEGMENT_S,
        sound_event_above: float = MIN_EVENT,
        tagger: AudioTagger | None = None,
        second_encoder: SecondEncoder | None = None,
    ) -> None:
        self._second_encoder = second_encoder or SecondEncoder(registry)
        self._segment_s = segment_s
        self._tagger = tagger
        self._sound_event_above = sound_event_above
        encoders = registry.load(ENCODERS)
        self._encoders = encoders.module
        self.encoders_revision = encoders.revision
        self._current = registry.load(SCENARIO)
        self._familiarity = registry.load(SCENARIO_FAMILIARITY).module

    @property
    def revision(self) -> str:
        """Revisions of the scenario network and of the encoders below it: `<12>+<12>`."""
        return self._revision_with(self._current)

    @property
    def scenario_revision(self) -> str:
        """Revision of the scenario network alone, which is what fine-tuning replaces."""
        return self._current.revision

    @property
    def current(self) -> Loaded[ScenarioNet]:
        """The scenario network in use."""
        return self._current

    def replace(self, loaded: Loaded[ScenarioNet]) -> None:
        """Use another revision of the scenario network from the next call of `predict` on.

        A call that runs in another thread meanwhile ends with the network that it began with.
        """
        if loaded.name != SCENARIO.name:
            raise PredictError(
                f"model {loaded.name!r} cannot replace {SCENARIO.name!r}; "
                f"expected {SCENARIO.name!r}"
            )
        self._current = loaded

    def predict(self, items: Sequence[ScenarioInput]) -> list[ScenarioOutput]:
        """Return the estimate of each window; raises `PredictError` where shapes do not fit."""
        current = self._current
        with torch.inference_mode():
            pin_one_thread()
            return [self._predict(item, current) for item in items]

    def classify(self, embeddings: Array) -> dict[str, float]:
        """Return scenario probabilities from stored `embeddings` (S, 644), without any sound."""
        network = self._current.module
        _check("embeddings", embeddings, (None, network.config.joined))
        with torch.inference_mode():
            pin_one_thread()
            logits = network(_tensor(embeddings)[None])[0]  # (16,)
            return _named(SCENARIOS, torch.sigmoid(logits))

    def _revision_with(self, loaded: Loaded[ScenarioNet]) -> str:
        return f"{loaded.revision}+{self.encoders_revision}"

    def _predict(self, item: ScenarioInput, current: Loaded[ScenarioNet]) -> ScenarioOutput:
        network = current.module
        segments, motions = self._encode(item)
        rows, weights = network.join(segments)  # (1, S, J), (1, S)
        # The rows as they are sent are the rows that are scored, so `classify` agrees to the bit.
        logits = network(rows)[0]  # (16,)
        revision = self._revision_with(current)
        if self._tagger is not None and item.tagger_mel is not None:
            named = self._tagged(self._tagger, item.tagger_mel, item.audio_mask)
            revision = f"{revision}+{self._tagger.revision}"
        else:
            named = _named(RECOGNISED_SOUNDS, self._sounds(item.mel, segments.audio_mask[0]))
        if item.adapter is not None and item.adapter.network == current.revision:
            _check("bias", item.adapter.bias, (len(SCENARIOS),))
            logits = logits + _tensor(item.adapter.bias)
            revision = f"{revision}+{item.adapter.name}"
        scenarios = _named(SCENARIOS, torch.sigmoid(logits))
        familiarity, unknown = self._verdict(scenarios, segments)
        return ScenarioOutput(
            scenarios=scenarios,
            key_frames=_rounded(weights[0]),
            sound_events=_top(named, self._sound_event_above),
            motion=_named(MOTIONS, motions),
            embeddings=rows[0].numpy().copy(),
            revision=revision,
            familiarity=familiarity,
            unknown=unknown,
        )

    def _verdict(
        self, scenarios: dict[str, float], segments: Segments
    ) -> tuple[dict[Modality, float], bool]:
        familiarity: dict[Modality, float] = {}
        present: list[Modality] = ["audio"] if segments.audio_mask.any() else []
        if segments.imu_mask.any():
            moved = segments.imu_features[segments.imu_mask]  # (K, F)
            (familiarity["imu"],) = _rounded(self._familiarity.together(moved)[None])
            present.append("imu")
        least = float(self._familiarity.least_probability)
        return familiarity, is_unknown(scenarios, familiarity, present, least)

    @staticmethod
    def _tagged(tagger: AudioTagger, mel: Array, seconds: NDArray[np.bool_]) -> dict[str, float]:
        if len(seconds) % TAGGED_S:
            raise PredictError(
                f"audio_mask has shape {seconds.shape}; expected (n,), n a multiple of {TAGGED_S}"
            )
        _check(TAGGER_MEL, mel, (STEPS * len(seconds), MELS))
        arrived = torch.from_numpy(np.array(seconds, dtype=bool))
        return _named(tagger.names, tagger.events(_tensor(mel), arrived))

    def _sounds(self, mel: Array | None, heard: Tensor) -> Tensor:
        """Return (54,) of the loudest segments of those `heard` (S,), the largest of each sound."""
        if mel is None or not heard.any():
            return torch.zeros(len(RECOGNISED_SOUNDS))
        segments = _tensor(mel).view(len(heard), -1, MEL_BANDS)  # (S, T, 64)
        level = segments.mean(dim=(1, 2)).masked_fill(~heard, float("-inf"))
        # As many of every window: a batch of another size would add in another order.
        chosen = level.argsort(descending=True, stable=True)[: ceil(NAMED_SHARE * len(heard))]
        sounds = torch.sigmoid(self._encoders.audio(segments[chosen]).logits)
        return sounds[heard[chosen]].amax(0)

    def _encode(self, item: ScenarioInput) -> tuple[Segments, Tensor]:
        sound = item.mel if item.seconds is None else item.seconds
        heard = _segment_mask(item.audio_mask, sound, "audio_mask", self._segment_s)  # (S,)
        moved = _segment_mask(item.imu_mask, item.imu, "imu_mask", self._segment_s)  # (S,)
        if len(heard) != len(moved):
            raise PredictError(
                f"audio_mask spans {len(heard)} segments and imu_mask {len(moved)}; "
                "expected the same"
            )
        count = len(heard)
        frames = FRAME_RATE * self._segment_s
        config = self._encoders.config
        audio_features = torch.zeros(count, config.audio.features)
        audio_embedding = torch.zeros(count, config.space.embedding)
        imu_features = torch.zeros(count, config.imu.features)
        imu_embedding = torch.zeros(count, config.space.embedding)
        motions = torch.zeros(len(MOTIONS))
        # Absent segments are encoded too and their rows dropped: a batch of another size would
        # add in another order.
        if sound is not None and heard.any():
            if item.mel is not None:
                _check("mel", item.mel, (count * frames, MEL_BANDS))
            seconds = _seconds(item.mel, item.seconds, self._second_encoder)  # (1, n, 2, 512)
            if seconds.shape[1] != count * self._segment_s:
                raise PredictError(
                    f"item has {seconds.shape[1]} seconds of sound; "
                    f"expected {count * self._segment_s}"
                )
            audio_features = self._encoders.heard(
                seconds.view(count, self._segment_s, *seconds.shape[2:])
            )  # (S, F)
            audio_embedding = self._encoders.space.of_audio(audio_features)  # (S, D)
        if item.imu is not None and moved.any():
            _check("imu", item.imu, (count * frames, 6))
            imu = self._encoders.encode_imu(_tensor(item.imu).view(count, frames, -1))
            imu_features, imu_embedding = imu.features, imu.embedding  # (S, F), (S, D)
            motions = torch.sigmoid(imu.logits)[moved].amax(0)  # (4,)
        segments = Segments(
            audio_features=audio_features[None],
            audio_embedding=audio_embedding[None],
            audio_mask=heard[None],
            imu_features=imu_features[None],
            imu_embedding=imu_embedding[None],
            imu_mask=moved[None],
        )
        return segments, motions


class ActivityRecognizer:
    """Scenario-aware activity recognition (EgoLog §4.3) on the encoders of the scenario.

    `second_encoder` is one that the scenarios share.
    """

    def __init__(self, registry: Registry, second_encoder: SecondEncoder | None = None) -> None:
        self._second_encoder = second_encoder or SecondEncoder(registry)
        encoders, har = registry.load(ENCODERS), registry.load(HAR)
        self._encoders = encoders.module
        self._har = har.module
        self._text = registry.load(SCENARIO_TEXT).module
        self._familiarity = registry.load(FAMILIARITY).module
        self.revision = f"{har.revision}+{encoders.revision}"

    def predict(self, items: Sequence[HarInput]) -> list[dict[str, float]]:
        """Return the probabilities of the activities, summing to 1 but for rounding.

        Raises `PredictError` where shapes do not fit or a scenario's name is unknown.
        """
        return [estimate.activities for estimate in self.estimate(items)]

    def estimate(self, items: Sequence[HarInput]) -> list[ActivityEstimate]:
        """Return what `predict` does, and whether to believe it; raises as it does."""
        with torch.inference_mode():
            pin_one_thread()
            return [self._estimate(item) for item in items]

    def _estimate(self, item: HarInput) -> ActivityEstimate:
        audio = torch.zeros(1, self._encoders.audio.config.features)
        imu = torch.zeros(1, self._encoders.imu.config.features)
        familiarity: dict[Modality, float] = {}
        sound = item.mel if item.seconds is None else item.seconds
        if sound is not None:
            seconds = _seconds(item.mel, item.seconds, self._second_encoder)
            audio = self._encoders.heard(seconds)  # (1, F)
        if item.imu is not None:
            _check("imu", item.imu, (None, 6))
            imu = self._encoders.imu_features(_tensor(item.imu)[None])  # (1, F)
            (familiarity["imu"],) = _rounded(self._familiarity(imu))
        names = detected_scenarios(item.scenarios or {})
        text = self._text.lookup(names)[None]  # (1, K, E)
        logits = self._har(
            audio,
            torch.tensor([sound is not None]),
            imu,
            torch.tensor([item.imu is not None]),
            text,
            torch.ones(1, len(names), dtype=torch.bool),
        )
        activities = _named(ACTIVITIES, torch.softmax(logits[0], dim=0))
        parts: dict[Modality, object | None] = {"audio": sound, "imu": item.imu}
        present = [name for name, part in parts.items() if part is not None]
        least = float(self._familiarity.least_probability)
        unknown = is_unknown(activities, familiarity, present, least)
        return ActivityEstimate(activities, familiarity, unknown)


def detected_scenarios(scenarios: Mapping[str, float]) -> list[str]:
    """Return the scenarios that the activity network is told of, in the order of `SCENARIOS`.

    Those of at least 0.5; where none is, the likeliest one if it reaches 0.2.
    """
    for name in scenarios:
        if name not in SCENARIOS:
            raise PredictError(f"scenario {name!r} is unknown; expected names of SCENARIOS")
    chosen = [name for name in SCENARIOS if scenarios.get(name, 0.0) >= MIN_SCENARIO]
    if chosen or not scenarios:
        return chosen
    likeliest = max(SCENARIOS, key=lambda name: scenarios.get(name, 0.0))
    return [likeliest] if scenarios.get(likeliest, 0.0) >= MIN_ONLY_SCENARIO else []


def _tensor(array: Array) -> Tensor:
    """Copy into torch's own memory, whose alignment is always the same, as float32."""
    out = torch.empty(array.shape, dtype=torch.float32)
    # A view of a message's bytes is read-only, which from_numpy warns of.
    out.numpy()[...] = array
    return out


def _check(name: str, array: Array, want: tuple[int | None, ...]) -> None:
    fits = array.ndim == len(want) and all(
        size is None or size == have for size, have in zip(want, array.shape, strict=True)
    )
    if not fits or array.size == 0:
        shape = tuple("any" if size is None else size for size in want)
        raise PredictError(f"{name} has shape {array.shape}; expected {shape}, not empty")


def _seconds(
    mel: Array | None, seconds: Sequence[EncodedSecond] | None, second_encoder: SecondEncoder
) -> Tensor:
    """Return the seconds (1, n, 2, 512) of an item that has sound."""
    if seconds is not None:
        if not seconds:
            raise PredictError("item has 0 seconds of sound; expected at least one")
        return second_encoder.together(seconds)
    mel = np.zeros((0, MEL_BANDS)) if mel is None else mel
    _check("mel", mel, (None, MEL_BANDS))
    if len(mel) % FRAME_RATE:
        raise PredictError(f"mel has shape {mel.shape}; expected whole seconds of {FRAME_RATE}")
    return second_encoder.together(second_encoder.encode(mel))


def _segment_mask(
    seconds: NDArray[np.bool_], values: object | None, name: str, segment_s: int
) -> Tensor:
    """(n,) of seconds -> (n/segment_s,) of segments: present if any of its seconds is."""
    if seconds.ndim != 1 or len(seconds) == 0 or len(seconds) % segment_s:
        raise PredictError(
            f"{name} has shape {seconds.shape}; "
            f"expected (n,), n above 0 and a multiple of {segment_s}"
        )
    mask = np.asarray(seconds, dtype=bool).reshape(-1, segment_s).any(axis=1)
    return torch.from_numpy(mask if values is not None else np.zeros_like(mask))


def _rounded(values: Tensor) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]


def _named(names: Sequence[str], values: Tensor) -> dict[str, float]:
    return dict(zip(names, _rounded(values), strict=True))


def _top(events: dict[str, float], above: float) -> dict[str, float]:
    likeliest = sorted(events.items(), key=lambda item: -item[1])[:TOP_EVENTS]
    return {name: value for name, value in likeliest if value > above}
