"""What the agents call: windows' features in, probabilities by name out; synchronous.

**An item's numbers never depend on its company.** Matrix kernels add in an order that depends on
the batch's size, so a window scored beside others would differ in the last bits, and a replay at
another speed would write another log. Each item is therefore run by itself: sound second by second,
its events segment by segment, the motion of a scenario window's fifteen segments as a batch that
always has the same size, and for the small CNNs of the other two batching does not pay. Sessions
run on one thread, and threads may share them (`models.serving.session`). Probabilities are rounded
to four decimals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from models.egolog.audio_tagger.input import MELS, STEPS, TAGGER_MEL
from models.egolog.audio_tagger.input import SEGMENT_S as TAGGED_S
from models.egolog.segment_row import row_width
from models.egolog.unknown import Known, KnownActivity, is_unknown
from models.egolog.windows import SEGMENT_S
from models.labels import ACTIVITIES, MOTIONS, RECOGNISED_SOUNDS, SCENARIOS
from models.serving.encoded_seconds import EncodedSecond, SecondEncoder
from models.serving.segment_sounds import SegmentSounds, SoundAhead, levels, named
from models.serving.served import (
    ARRAYS,
    ENCODERS,
    FAMILIARITY,
    HAR,
    LOCALIZATION,
    LOCALIZATION_MONO,
    SCENARIO,
    SCENARIO_FAMILIARITY,
    SCENARIO_TEXT,
)
from schemas.evidence import REGIONS
from schemas.sound_place import HeardApart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from models.egolog import localization
    from models.egolog.correction_adapter import CorrectionAdapter
    from models.egolog.near_share import NearAndFar
    from models.serving.audio_tagger import AudioTagger
    from models.serving.registry import Opened, Registry
    from schemas.frames import Modality

DECIMALS = 4
FRAME_RATE = 50
MEL_BANDS = 64
IMU_AXES = 6
TOP_EVENTS = 5
MIN_EVENT = 0.3
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
    are those of `mel` where somebody has encoded them already. `far_only` (S,) says in which
    segments nothing near is heard, and is None where nobody has listened for that. `corrections`
    are the wearer's own too, and used like the adapter.
    """

    mel: Array | None
    imu: Array | None
    audio_mask: NDArray[np.bool_]
    imu_mask: NDArray[np.bool_]
    adapter: Adapter | None = None
    tagger_mel: Array | None = None
    seconds: Sequence[EncodedSecond] | None = None
    far_only: NDArray[np.bool_] | None = None
    corrections: CorrectionAdapter | None = None


@dataclass(frozen=True)
class _Own:
    """What is a wearer's own of an item: those of its adapters that the network in use is of."""

    adapter: Adapter | None
    corrections: CorrectionAdapter | None

    @classmethod
    def of(cls, item: ScenarioInput, network: str) -> _Own:
        adapter, corrections = item.adapter, item.corrections
        if adapter is not None and adapter.network != network:
            adapter = None
        if corrections is not None and corrections.network != network:
            corrections = None
        if adapter is not None:
            _check("bias", adapter.bias, (len(SCENARIOS),))
        return cls(adapter, corrections)

    @property
    def names(self) -> list[str]:
        return [each.name for each in (self.adapter, self.corrections) if each is not None]

    def shifted(self, logits: Array) -> Array:
        """Return a window's log-odds (16,) as its wearer's, of those by the network alone."""
        result = logits
        if self.adapter is not None:
            result = result + self.adapter.bias
        if self.corrections is not None:
            result = result + self.corrections.shift(logits)
        return result


@dataclass(frozen=True)
class ScenarioOutput:
    """Scenario probabilities, and what the join and the fine-tuner need beside them.

    `key_frames` are the segments' weights, `sound_events` the top five above 0.3, `motion` all
    four classes, low together when the wearer keeps still; both are the largest over segments.
    `embeddings` (S, 644) float32 is the sequence model's input. `revision` names the networks that
    made this estimate, which a later one need not have; an audio tagger's is its last part.
    `familiarity` is that of each judged modality; nobody should count an `unknown` estimate.
    `event_segments` are the probabilities of each sound event in the equal parts of the window that
    sounds were named in one by one, 0 in those that were not. `undisturbed` are the scenarios
    without the sound of far-only segments that have motion too, empty where there are none.
    """

    scenarios: dict[str, float]
    key_frames: list[float]
    sound_events: dict[str, float]
    motion: dict[str, float]
    embeddings: NDArray[np.float32]
    revision: str
    familiarity: dict[Modality, float]
    unknown: bool
    event_segments: dict[str, list[float]] = field(default_factory=dict)
    undisturbed: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class HarInput:
    """One activity window: `mel` (T, 64), `imu` (N, 6), and the scenario estimate; any may be None.

    T is of whole seconds. Where the interference gate drops the audio, `mel` is silence, `dropped`
    says so, and it vouches for nothing. `seconds` are those of `mel` where somebody has encoded
    them already. That the wearer `lies` is known from the windows before
    (`models.lanhar.upright`).
    """

    mel: Array | None
    imu: Array | None
    scenarios: Mapping[str, float] | None = None
    seconds: Sequence[EncodedSecond] | None = None
    dropped: bool = False
    lies: bool = False


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
        opened = {
            1: registry.open(LOCALIZATION_MONO),
            3: registry.open(LOCALIZATION),
            10: registry.open(ARRAYS[array]),
        }
        self._frames: int = opened[3].config["frames"]
        self._sessions = {
            maps: session for maps, each in opened.items() for session in each.sessions.values()
        }
        self.revision = opened[3].revision

    def predict(self, items: Sequence[LocalizerInput]) -> list[dict[str, float]]:
        """Return the calibrated probabilities of the eight regions for each second.

        Raises `PredictError` for shapes other than `LocalizerInput`'s.
        """
        return [self._predict(item) for item in items]

    def _predict(self, item: LocalizerInput) -> dict[str, float]:
        _check("maps", item.maps, (None, self._frames, 64))
        count = len(item.maps)
        if count not in self._sessions:
            raise PredictError(f"maps have {count} planes; expected 1, 3 or 10")
        imu = np.zeros((self._frames, IMU_AXES)) if item.imu is None else item.imu
        _check("imu", imu, (self._frames, IMU_AXES))
        (regions,) = self._sessions[count].run(
            maps=item.maps[None], imu=imu.T[None], has_imu=np.array([item.imu is not None])
        )  # (1, 8)
        return _named(REGIONS, regions[0])


class ScenarioRecognizer:
    """Scenario recognition (EgoLog §4.1.3), with the sound events and motion class of §4.4.1.

    Windows are cut into segments of `segment_s`; sound events above `sound_event_above` are named,
    by `tagger` where there is one and the window has its log-mel, else from the log-mel of the
    loudest segments, which `segment_sounds` keeps. `second_encoder` is one that the activities
    share.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        segment_s: int = SEGMENT_S,
        sound_event_above: float = MIN_EVENT,
        tagger: AudioTagger | None = None,
        second_encoder: SecondEncoder | None = None,
        segment_sounds: SegmentSounds | None = None,
    ) -> None:
        self._second_encoder = second_encoder or SecondEncoder(registry)
        self._segment_sounds = segment_sounds or SegmentSounds(registry)
        self._segment_s = segment_s
        self._tagger = tagger
        self._sound_event_above = sound_event_above
        self._encoders = registry.open(ENCODERS)
        self.encoders_revision = self._encoders.revision
        self._current = registry.open(SCENARIO)
        self._known = Known.of(registry.weights(SCENARIO_FAMILIARITY).tensors)

    @property
    def revision(self) -> str:
        """Revisions of the scenario network and of the encoders below it: `<12>+<12>`.

        `+<8>` follows where these compute in eight bits.
        """
        return self._revision_with(self._current)

    @property
    def scenario_revision(self) -> str:
        """Revision of the scenario network alone, which is what fine-tuning replaces."""
        return self._current.revision

    @property
    def current(self) -> Opened:
        """The scenario network in use."""
        return self._current

    def replace(self, loaded: Opened) -> None:
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
        return [self._predict(item, current) for item in items]

    def prepare(self, items: Sequence[SoundAhead]) -> list[None]:
        """Compute of windows that are still open what will be needed of their sound, and keep it.

        What is not computed here is when the window is predicted, to the same bits.
        """
        for item in items:
            self._second_encoder.encode(item.segment)
            for segment in () if self._tagger is not None else item.loudest:
                self._segment_sounds.logits(segment)
        return [None] * len(items)

    def name_apart(self, items: Sequence[NearAndFar]) -> list[HeardApart]:
        """Return the sounds of each segment's near field, and of what remains without it.

        Both are named by the encoders' own recogniser, whatever names a window's events.
        """
        return [self._name_apart(item) for item in items]

    def _name_apart(self, item: NearAndFar) -> HeardApart:
        for name, mel in (("near", item.near), ("far", item.far)):
            _check(name, mel, (FRAME_RATE * self._segment_s, MEL_BANDS))
        near, far = (
            _named(RECOGNISED_SOUNDS, expit(self._segment_sounds.logits(mel)))
            for mel in (item.near, item.far)
        )
        return HeardApart(near, far)

    def classify(self, embeddings: Array) -> dict[str, float]:
        """Return scenario probabilities from stored `embeddings` (S, 644), without any sound."""
        current = self._current
        _check("embeddings", embeddings, (None, joined(current.config)))
        (logits,) = current.sessions["scenario"].run(rows=embeddings[None])  # (1, 16)
        return _named(SCENARIOS, expit(logits[0]))

    def _revision_with(self, loaded: Opened) -> str:
        return f"{loaded.revision}+{self._encoders.recorded}"

    def _predict(self, item: ScenarioInput, current: Opened) -> ScenarioOutput:
        segments, motions = self._encode(item)
        rows, weights, logits = _scored(current, segments)
        quiet = _without_far_only(segments, item.far_only)
        quiet_logits = None if quiet is None else _scored(current, quiet)[2]
        revision = self._revision_with(current)
        names: Sequence[str] = RECOGNISED_SOUNDS
        if self._tagger is not None and item.tagger_mel is not None:
            names, sounds = self._tagger.names, self._tagged(self._tagger, item)
            revision = f"{revision}+{self._tagger.revision}"
        else:
            sounds = self._sounds(item.mel, segments["audio_mask"])
        events = _top(_named(names, sounds.max(axis=0)), self._sound_event_above)
        own = _Own.of(item, current.revision)
        revision = "+".join([revision, *own.names])
        scenarios = _named(SCENARIOS, expit(own.shifted(logits)))
        familiarity, unknown = self._verdict(scenarios, segments)
        return ScenarioOutput(
            scenarios=scenarios,
            key_frames=_rounded(weights),
            sound_events=events,
            motion=_named(MOTIONS, motions),
            embeddings=rows,
            revision=revision,
            familiarity=familiarity,
            unknown=unknown,
            event_segments={name: _rounded(sounds[:, names.index(name)]) for name in events},
            undisturbed={}
            if quiet_logits is None
            else _named(SCENARIOS, expit(own.shifted(quiet_logits))),
        )

    def _verdict(
        self, scenarios: dict[str, float], segments: Mapping[str, Array]
    ) -> tuple[dict[Modality, float], bool]:
        familiarity: dict[Modality, float] = {}
        present: list[Modality] = ["audio"] if segments["audio_mask"].any() else []
        moved = segments["imu_mask"]
        if moved.any():
            (familiarity["imu"],) = _rounded(
                [self._known.familiarity(segments["imu_features"][moved])]
            )
            present.append("imu")
        least = self._known.least_probability
        return familiarity, is_unknown(scenarios, familiarity, present, least)

    @staticmethod
    def _tagged(tagger: AudioTagger, item: ScenarioInput) -> Array:
        """Return (n/5, P) of each segment that the tagger hears."""
        seconds, mel = item.audio_mask, item.tagger_mel
        if len(seconds) % TAGGED_S:
            raise PredictError(
                f"audio_mask has shape {seconds.shape}; expected (n,), n a multiple of {TAGGED_S}"
            )
        assert mel is not None  # noqa: S101 - who asks has looked
        _check(TAGGER_MEL, mel, (STEPS * len(seconds), MELS))
        return tagger.heard(mel, seconds)

    def _sounds(self, mel: Array | None, heard: NDArray[np.bool_]) -> Array:
        """Return (S, 54) of the loudest segments of those `heard` (S,), 0 in the others."""
        sounds = np.zeros((len(heard), len(RECOGNISED_SOUNDS)), np.float32)
        if mel is None or not heard.any():
            return sounds
        segments = mel.reshape(len(heard), -1, MEL_BANDS)  # (S, T, 64)
        level = np.where(heard, levels(segments), -np.inf)
        chosen = np.argsort(-level, kind="stable")[: named(len(heard))]
        for each in chosen[heard[chosen]]:
            sounds[each] = expit(self._segment_sounds.logits(segments[each]))
        return sounds

    def _encode(self, item: ScenarioInput) -> tuple[dict[str, Array], Array]:
        """Return the inputs of graph `scenario_rows` without their first axis, and motions."""
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
        sizes, sessions = self._encoders.config, self._encoders.sessions
        encoded = {
            "audio_features": np.zeros((count, sizes["audio"]["features"]), np.float32),
            "audio_embedding": np.zeros((count, sizes["space"]["embedding"]), np.float32),
            "audio_mask": heard,
            "imu_features": np.zeros((count, sizes["imu"]["features"]), np.float32),
            "imu_embedding": np.zeros((count, sizes["space"]["embedding"]), np.float32),
            "imu_mask": moved,
        }
        motions = np.zeros(len(MOTIONS))
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
            encoded["audio_features"], encoded["audio_embedding"] = sessions["heard"].run(
                seconds=seconds.reshape(count, self._segment_s, *seconds.shape[2:])
            )  # (S, F), (S, D)
        if item.imu is not None and moved.any():
            _check("imu", item.imu, (count * frames, IMU_AXES))
            encoded["imu_features"], encoded["imu_embedding"], logits = sessions["motions"].run(
                imu=item.imu.reshape(count, frames, IMU_AXES)
            )  # (S, F), (S, D), (S, 4)
            motions = expit(logits[moved].max(axis=0))
        return encoded, motions


class ActivityRecognizer:
    """Scenario-aware activity recognition (EgoLog §4.3) on the encoders of the scenario.

    `second_encoder` is one that the scenarios share.
    """

    def __init__(self, registry: Registry, second_encoder: SecondEncoder | None = None) -> None:
        self._second_encoder = second_encoder or SecondEncoder(registry)
        encoders, har = registry.open(ENCODERS), registry.open(HAR)
        self._encoders = encoders
        self._har = har.sessions["har"]
        self._text = registry.weights(SCENARIO_TEXT).tensors["table"].astype(np.float32)  # (16, E)
        self._known = KnownActivity.of(registry.weights(FAMILIARITY).tensors)
        self.revision = f"{har.revision}+{encoders.recorded}"

    def predict(self, items: Sequence[HarInput]) -> list[dict[str, float]]:
        """Return the probabilities of the activities, summing to 1 but for rounding.

        Raises `PredictError` where shapes do not fit or a scenario's name is unknown.
        """
        return [estimate.activities for estimate in self.estimate(items)]

    def estimate(self, items: Sequence[HarInput]) -> list[ActivityEstimate]:
        """Return what `predict` does, and whether to believe it; raises as it does."""
        return [self._estimate(item) for item in items]

    def _estimate(self, item: HarInput) -> ActivityEstimate:
        sizes, sessions = self._encoders.config, self._encoders.sessions
        audio = np.zeros((1, sizes["audio"]["features"]), np.float32)
        imu = np.zeros((1, sizes["imu"]["features"]), np.float32)
        familiarity: dict[Modality, float] = {}
        sound = item.mel if item.seconds is None else item.seconds
        if sound is not None:
            seconds = _seconds(item.mel, item.seconds, self._second_encoder)  # (1, n, 2, 512)
            audio, _ = sessions["heard"].run(seconds=seconds)  # (1, F), (1, D)
        if item.imu is not None:
            _check("imu", item.imu, (None, IMU_AXES))
            (imu,) = sessions["motion_features"].run(imu=item.imu[None])  # (1, F)
            (familiarity["imu"],) = _rounded([self._known.familiarity(imu)])
        names = detected_scenarios(item.scenarios or {})
        # A row that the mask leaves out stands where no scenario is named.
        text = self._text[[SCENARIOS.index(name) for name in names] or [0]]  # (K, E)
        (logits,) = self._har.run(
            audio=audio,
            audio_mask=np.array([sound is not None]),
            imu=imu,
            imu_mask=np.array([item.imu is not None]),
            text=text[None],
            text_mask=np.full((1, len(text)), bool(names)),
        )  # (1, 16)
        activities = _named(ACTIVITIES, softmax(logits[0].astype(np.float64)))
        heard = None if item.dropped else sound
        parts: dict[Modality, object | None] = {"audio": heard, "imu": item.imu}
        present = [name for name, part in parts.items() if part is not None]
        by_motion = sound is None
        least = self._known.least_by_motion if by_motion else self._known.least_probability
        unknown = is_unknown(activities, familiarity, present, least)
        # None of the sixteen is done lying, but for those that only sound tells.
        return ActivityEstimate(activities, familiarity, unknown or (by_motion and item.lies))


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


def _scored(current: Opened, segments: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """Return rows (S, J), key-frame weights (S,) and logits (16,) of a window's segments."""
    rows, weights = current.sessions["scenario_rows"].run(
        **{name: values[None] for name, values in segments.items()}
    )  # (1, S, J), (1, S)
    # The rows as they are sent are the rows that are scored, so `classify` agrees to the bit.
    (logits,) = current.sessions["scenario"].run(rows=rows)  # (1, 16)
    return rows[0], weights[0], logits[0]


def _without_far_only(
    segments: Mapping[str, Array], far_only: NDArray[np.bool_] | None
) -> dict[str, Array] | None:
    """Return the segments without far-only sound, None where all of it is kept.

    Sound is all that there is of a segment without motion: it is kept.
    """
    if far_only is None:
        return None
    heard, moved = segments["audio_mask"], segments["imu_mask"]
    if far_only.shape != heard.shape:
        raise PredictError(f"far_only has shape {far_only.shape}; expected {heard.shape}")
    left_out = far_only & heard & moved
    return {**segments, "audio_mask": heard & ~left_out} if left_out.any() else None


def joined(config: Mapping[str, Any]) -> int:
    """Return the width of a segment's row for a network of these sizes."""
    return row_width(config["audio"], config["imu"], config["embedding"])


def _check(name: str, array: Array, want: tuple[int | None, ...]) -> None:
    fits = array.ndim == len(want) and all(
        size is None or size == have for size, have in zip(want, array.shape, strict=True)
    )
    if not fits or array.size == 0:
        shape = tuple("any" if size is None else size for size in want)
        raise PredictError(f"{name} has shape {array.shape}; expected {shape}, not empty")


def _seconds(
    mel: Array | None, seconds: Sequence[EncodedSecond] | None, second_encoder: SecondEncoder
) -> Array:
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
) -> NDArray[np.bool_]:
    """(n,) of seconds -> (n/segment_s,) of segments: present if any of its seconds is."""
    if seconds.ndim != 1 or len(seconds) == 0 or len(seconds) % segment_s:
        raise PredictError(
            f"{name} has shape {seconds.shape}; "
            f"expected (n,), n above 0 and a multiple of {segment_s}"
        )
    mask: NDArray[np.bool_] = np.any(seconds.reshape(-1, segment_s), axis=1)
    return mask if values is not None else np.zeros_like(mask)


def _rounded(values: Iterable[Any]) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]


def _named(names: Sequence[str], values: Array) -> dict[str, float]:
    return dict(zip(names, _rounded(values), strict=True))


def _top(events: dict[str, float], above: float) -> dict[str, float]:
    likeliest = sorted(events.items(), key=lambda item: -item[1])[:TOP_EVENTS]
    return {name: value for name, value in likeliest if value > above}
