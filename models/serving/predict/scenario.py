"""Serving scenario recognition (EgoLog §4.1.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import expit

from models.egolog.audio_tagger.input import MELS, STEPS, TAGGER_MEL
from models.egolog.audio_tagger.input import SEGMENT_S as TAGGED_S
from models.egolog.out_of_distribution import FamiliarMotion, is_unknown
from models.egolog.segment_row import row_width
from models.labels import MOTIONS, RECOGNISED_SOUNDS, SCENARIOS
from models.network.windows import SEGMENT_S
from models.serving.encoded_seconds import EncodedSecond, SecondEncoder
from models.serving.predict.arrays import (
    FRAME_RATE,
    IMU_AXES,
    MEL_BANDS,
    Array,
    PredictError,
    by_name,
    check,
    encoded_sound,
    round_all,
    segment_mask,
)
from models.serving.predict.wearer_adapters import Adapter, WearerAdapters
from models.serving.segment_sounds import SegmentSounds, SoundAhead, levels, tagged_count
from models.serving.served import ENCODERS, SCENARIO, SCENARIO_FAMILIARITY
from schemas.sound_place import HeardApart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.egolog.correction_adapter import CorrectionAdapter
    from models.egolog.near_share import NearAndFar
    from models.serving.audio_tagger import AudioTagger
    from models.serving.registry import Opened, Registry
    from schemas.frames import Modality

TOP_EVENTS = 5
MIN_EVENT = 0.3


@dataclass(frozen=True)
class ScenarioInput:
    """One scenario window of n seconds, n even.

    `mel` (50·n, 64) and `imu` (50·n, 6), or None; the masks (n,) are True for each second with any
    data. `adapter` and `corrections` are the wearer's own, and apply only to the network that they
    were made for. `tagger_mel` (100·n, 128) is an audio tagger's input; n is then also a multiple
    of 5. `seconds` are the encoded seconds of `mel`, if available. `far_only` (S,) marks segments
    without near sound, and is None if sound was not localized.
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
class ScenarioOutput:
    """Scenario probabilities, with further data for the join and the fine-tuner.

    `key_frames` are the segments' weights; `sound_events` are the top five above 0.3, and `motion`
    all four classes (all low for a still wearer), both the maximum over segments. `embeddings` (S,
    644) float32 is the sequence model's input. `revision` identifies the networks that made this
    estimate; its last part is the audio tagger's. `familiarity` is by judged modality; an `unknown`
    estimate should not be trusted. `event_segments` are each sound event's probabilities in equal
    parts of the window, 0 in parts that were not tagged. `undisturbed` are the scenarios without
    the sound of far-only segments that also have motion, empty if there are none.
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


class ScenarioRecognizer:
    """Scenario recognition (EgoLog §4.1.3), with the sound events and motion class of §4.4.1.

    Windows are cut into segments of `segment_s`. Sound events above `sound_event_above` are
    reported, by `tagger` if there is one and the window has its log-mel, else from the loudest
    segments, cached in `segment_sounds`. `second_encoder` is shared with activity recognition.
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
        self._known = FamiliarMotion.of(registry.weights(SCENARIO_FAMILIARITY).tensors)

    @property
    def revision(self) -> str:
        """Revisions of the scenario network and of the encoders below it: `<12>+<12>`.

        `+<8>` follows where these compute in eight bits.
        """
        return self._revision_with(self._current)

    @property
    def scenario_revision(self) -> str:
        """Revision of the scenario network only, which fine-tuning replaces."""
        return self._current.revision

    @property
    def current(self) -> Opened:
        """The scenario network in use."""
        return self._current

    def replace(self, loaded: Opened) -> None:
        """Use another revision of the scenario network from the next call of `predict` on.

        A call that is running in another thread finishes with the old network.
        """
        if loaded.name != SCENARIO.name:
            raise PredictError(
                f"model {loaded.name!r} cannot replace {SCENARIO.name!r}; "
                f"expected {SCENARIO.name!r}"
            )
        self._current = loaded

    def predict(self, items: Sequence[ScenarioInput]) -> list[ScenarioOutput]:
        """Return the estimate of each window; raises `PredictError` for wrong shapes."""
        current = self._current
        encoded = self._encode(items)
        scored = _score(current, [segments for segments, _ in encoded])
        quiet = {
            number: segments
            for number, item in enumerate(items)
            if (segments := _without_far_only(encoded[number][0], item.far_only)) is not None
        }
        quiet_scored = dict(zip(quiet, _score(current, list(quiet.values())), strict=True))
        named = self._name(items, [segments["audio_mask"] for segments, _ in encoded])
        return [
            self._output(item, current, *encoded[n], scored[n], quiet_scored.get(n), *named[n])
            for n, item in enumerate(items)
        ]

    def prepare(self, items: Sequence[SoundAhead]) -> list[None]:
        """Precompute and cache results for the sound of windows that are still open.

        Anything missing is computed in `predict`, bit-equal.
        """
        self._second_encoder.encode_all([item.segment for item in items])
        if self._tagger is None:
            self._segment_sounds.logits_of_all([mel for item in items for mel in item.loudest])
        return [None] * len(items)

    def name_apart(self, items: Sequence[NearAndFar]) -> list[HeardApart]:
        """Return the sounds of each segment's near field, and of the rest.

        Both are recognised by our own recogniser, even if an audio tagger names window events.
        """
        for item in items:
            for name, mel in (("near", item.near), ("far", item.far)):
                check(name, mel, (FRAME_RATE * self._segment_s, MEL_BANDS))
        sounds = self._sounds_of_all([mel for item in items for mel in (item.near, item.far)])
        return [HeardApart(near, far) for near, far in zip(sounds[::2], sounds[1::2], strict=True)]

    def name_sounds(self, items: Sequence[Array]) -> list[dict[str, float]]:
        """Return the sounds of single segments, (T, 64) log-mel each.

        By our own recogniser, as in `name_apart`, because an audio tagger needs five seconds.
        """
        for mel in items:
            check("mel", mel, (FRAME_RATE * self._segment_s, MEL_BANDS))
        return self._sounds_of_all(items)

    def _sounds_of_all(self, mels: Sequence[Array]) -> list[dict[str, float]]:
        logits = self._segment_sounds.logits_of_all(mels)
        return [by_name(RECOGNISED_SOUNDS, expit(each)) for each in logits]

    def classify(self, embeddings: Array) -> dict[str, float]:
        """Return scenario probabilities from stored `embeddings` (S, 644)."""
        current = self._current
        check("embeddings", embeddings, (None, row_width_of(current.config)))
        (logits,) = current.sessions["scenario"].run(rows=embeddings[None])  # (1, 16)
        return by_name(SCENARIOS, expit(logits[0]))

    def _revision_with(self, loaded: Opened) -> str:
        return f"{loaded.revision}+{self._encoders.recorded}"

    def _output(
        self,
        item: ScenarioInput,
        current: Opened,
        segments: Mapping[str, Array],
        motions: Array,
        scored: _Scored,
        quiet: _Scored | None,
        names: Sequence[str],
        sounds: Array,
    ) -> ScenarioOutput:
        revision = self._revision_with(current)
        if self._tagger is not None and item.tagger_mel is not None:
            revision = f"{revision}+{self._tagger.revision}"
        events = _top(by_name(names, sounds.max(axis=0)), self._sound_event_above)
        own = WearerAdapters.of(item.adapter, item.corrections, current.revision)
        revision = "+".join([revision, *own.names])
        scenarios = by_name(SCENARIOS, expit(own.adapt(scored.logits)))
        familiarity, unknown = self._verdict(scenarios, segments)
        return ScenarioOutput(
            scenarios=scenarios,
            key_frames=round_all(scored.weights),
            sound_events=events,
            motion=by_name(MOTIONS, motions),
            embeddings=scored.rows,
            revision=revision,
            familiarity=familiarity,
            unknown=unknown,
            event_segments={name: round_all(sounds[:, names.index(name)]) for name in events},
            undisturbed={} if quiet is None else by_name(SCENARIOS, expit(own.adapt(quiet.logits))),
        )

    def _verdict(
        self, scenarios: dict[str, float], segments: Mapping[str, Array]
    ) -> tuple[dict[Modality, float], bool]:
        familiarity: dict[Modality, float] = {}
        present: list[Modality] = ["audio"] if segments["audio_mask"].any() else []
        has_imu = segments["imu_mask"]
        if has_imu.any():
            (familiarity["imu"],) = round_all(
                [self._known.familiarity(segments["imu_features"][has_imu])]
            )
            present.append("imu")
        least = self._known.least_probability
        return familiarity, is_unknown(scenarios, familiarity, present, least)

    @staticmethod
    def _tag(tagger: AudioTagger, item: ScenarioInput) -> Array:
        """Return the tagger's probabilities (n/5, P) of each segment."""
        seconds, mel = item.audio_mask, item.tagger_mel
        if len(seconds) % TAGGED_S:
            raise PredictError(
                f"audio_mask has shape {seconds.shape}; expected (n,), n a multiple of {TAGGED_S}"
            )
        assert mel is not None  # noqa: S101 - checked by the caller
        check(TAGGER_MEL, mel, (STEPS * len(seconds), MELS))
        return tagger.tag(mel, seconds)

    def _name(
        self, items: Sequence[ScenarioInput], has_audio: Sequence[NDArray[np.bool_]]
    ) -> list[tuple[Sequence[str], Array]]:
        """Return the names of sounds, and their probabilities (S, P), of each window."""
        named: dict[int, tuple[Sequence[str], Array]] = {}
        own: list[int] = []
        for number, item in enumerate(items):
            if self._tagger is not None and item.tagger_mel is not None:
                named[number] = self._tagger.names, self._tag(self._tagger, item)
            else:
                own.append(number)
        sounds = self._sounds([(items[n].mel, has_audio[n]) for n in own])
        named.update((n, (RECOGNISED_SOUNDS, each)) for n, each in zip(own, sounds, strict=True))
        return [named[number] for number in range(len(items))]

    def _sounds(
        self, items: Sequence[tuple[Array | None, NDArray[np.bool_]]]
    ) -> list[NDArray[np.float32]]:
        """Return the probabilities (S, 54) of the loudest segments with audio, 0 for others.

        Each item is a log-mel (50·n, 64), and which of its segments (S,) have audio.
        """
        sounds = [np.zeros((len(has), len(RECOGNISED_SOUNDS)), np.float32) for _, has in items]
        tagged: list[tuple[NDArray[np.float32], Array]] = []
        for (mel, has_audio), rows in zip(items, sounds, strict=True):
            if mel is None or not has_audio.any():
                continue
            segments = mel.reshape(len(has_audio), -1, MEL_BANDS)  # (S, T, 64)
            level = np.where(has_audio, levels(segments), -np.inf)
            chosen = np.argsort(-level, kind="stable")[: tagged_count(len(has_audio))]
            tagged.extend((rows[each], segments[each]) for each in chosen[has_audio[chosen]])
        logits = self._segment_sounds.logits_of_all([segment for _, segment in tagged])
        for (row, _), each in zip(tagged, logits, strict=True):
            row[:] = expit(each)
        return sounds

    def _encode(self, items: Sequence[ScenarioInput]) -> list[tuple[dict[str, Array], Array]]:
        """Return each window's inputs of graph `scenario_rows`, unbatched, and motion classes."""
        encoded = [self._nothing_encoded(item) for item in items]
        # Absent segments are encoded too and dropped later, because the batch's size changes the
        # order of summation.
        self._encode_sound(items, encoded)
        return list(zip(encoded, self._encode_motion(items, encoded), strict=True))

    def _nothing_encoded(self, item: ScenarioInput) -> dict[str, Array]:
        sound = item.mel if item.seconds is None else item.seconds
        has_audio = segment_mask(item.audio_mask, sound, "audio_mask", self._segment_s)  # (S,)
        has_imu = segment_mask(item.imu_mask, item.imu, "imu_mask", self._segment_s)  # (S,)
        if len(has_audio) != len(has_imu):
            raise PredictError(
                f"audio_mask spans {len(has_audio)} segments and imu_mask {len(has_imu)}; "
                "expected the same"
            )
        count, sizes = len(has_audio), self._encoders.config
        return {
            "audio_features": np.zeros((count, sizes["audio"]["features"]), np.float32),
            "audio_embedding": np.zeros((count, sizes["space"]["embedding"]), np.float32),
            "audio_mask": has_audio,
            "imu_features": np.zeros((count, sizes["imu"]["features"]), np.float32),
            "imu_embedding": np.zeros((count, sizes["space"]["embedding"]), np.float32),
            "imu_mask": has_imu,
        }

    def _encode_sound(
        self, items: Sequence[ScenarioInput], encoded: Sequence[dict[str, Array]]
    ) -> None:
        """Fill in the features and embeddings of the sound of windows that have any."""
        sounding = [n for n, each in enumerate(encoded) if each["audio_mask"].any()]
        for number in sounding:
            mel, count = items[number].mel, len(encoded[number]["audio_mask"])
            if mel is not None:
                check("mel", mel, (count * FRAME_RATE * self._segment_s, MEL_BANDS))
        of_items = encoded_sound(
            [(items[n].mel, items[n].seconds) for n in sounding], self._second_encoder, last=True
        )  # (1, n, 2, 512) each
        given = []
        for number, seconds in zip(sounding, of_items, strict=True):
            count = len(encoded[number]["audio_mask"])
            if seconds.shape[1] != count * self._segment_s:
                raise PredictError(
                    f"item has {seconds.shape[1]} seconds of sound; "
                    f"expected {count * self._segment_s}"
                )
            segments = seconds.reshape(count, self._segment_s, *seconds.shape[2:])
            given.append({"seconds": segments})
        made = self._encoders.sessions["heard"].run_all(given)  # (S, F), (S, D) each
        for number, (features, embedding) in zip(sounding, made, strict=True):
            encoded[number].update(audio_features=features, audio_embedding=embedding)

    def _encode_motion(
        self, items: Sequence[ScenarioInput], encoded: Sequence[dict[str, Array]]
    ) -> list[Array]:
        """Fill in the features and embeddings of motion; return the motion classes (4,)."""
        frames = FRAME_RATE * self._segment_s
        given: dict[int, dict[str, Array]] = {}
        for number, item in enumerate(items):
            count = len(encoded[number]["imu_mask"])
            if item.imu is not None and encoded[number]["imu_mask"].any():
                check("imu", item.imu, (count * frames, IMU_AXES))
                given[number] = {"imu": item.imu.reshape(count, frames, IMU_AXES)}
        motions = [np.zeros(len(MOTIONS)) for _ in items]
        made = self._encoders.sessions["motions"].run_all(list(given.values()))
        for number, (features, embedding, logits) in zip(given, made, strict=True):
            # (S, F), (S, D), (S, 4)
            encoded[number].update(imu_features=features, imu_embedding=embedding)
            motions[number] = expit(logits[encoded[number]["imu_mask"]].max(axis=0))
        return motions


class _Scored(NamedTuple):
    """Rows (S, J), key-frame weights (S,) and logits (16,) of a window."""

    rows: Array
    weights: Array
    logits: Array


def _score(current: Opened, windows: Sequence[Mapping[str, Array]]) -> list[_Scored]:
    """Return the score of each window's segments."""
    made = current.sessions["scenario_rows"].run_all(
        [{name: values[None] for name, values in segments.items()} for segments in windows]
    )  # (1, S, J), (1, S) each
    # Scored from the rows as they are sent, so that `classify` is bit-equal.
    scored = current.sessions["scenario"].run_all([{"rows": rows} for rows, _ in made])
    return [
        _Scored(rows[0], weights[0], logits[0])
        for (rows, weights), (logits,) in zip(made, scored, strict=True)  # logits (1, 16)
    ]


def _without_far_only(
    segments: Mapping[str, Array], far_only: NDArray[np.bool_] | None
) -> dict[str, Array] | None:
    """Return the segments without far-only sound, or None if no sound is removed.

    The sound of a segment without motion is kept, as it has nothing else.
    """
    if far_only is None:
        return None
    has_audio, has_imu = segments["audio_mask"], segments["imu_mask"]
    if far_only.shape != has_audio.shape:
        raise PredictError(f"far_only has shape {far_only.shape}; expected {has_audio.shape}")
    left_out = far_only & has_audio & has_imu
    return {**segments, "audio_mask": has_audio & ~left_out} if left_out.any() else None


def row_width_of(config: Mapping[str, Any]) -> int:
    """Return the width of a segment's row for a network of these sizes."""
    return row_width(config["audio"], config["imu"], config["embedding"])


def _top(events: dict[str, float], above: float) -> dict[str, float]:
    likeliest = sorted(events.items(), key=lambda item: -item[1])[:TOP_EVENTS]
    return {name: value for name, value in likeliest if value > above}
