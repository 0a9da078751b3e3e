"""Serving scenario recognition (EgoLog §4.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from scipy.special import expit

from models.egolog.out_of_distribution import FamiliarMotion, is_unknown
from models.egolog.segment_row import row_width
from models.labels import MOTIONS, SCENARIOS
from models.network.windows import SEGMENT_S
from models.serving.encoded_seconds import SecondEncoder
from models.serving.predict.arrays import (
    FRAME_RATE,
    MEL_BANDS,
    Array,
    PredictError,
    by_name,
    check,
    round_all,
)
from models.serving.predict.scenario_window import ScenarioInput, ScenarioOutput
from models.serving.predict.segment_encoder import SegmentEncoder
from models.serving.predict.sound_names import SoundNames
from models.serving.predict.wearer_adapters import WearerAdapters
from models.serving.segment_motion import SegmentMotion
from models.serving.segment_sounds import SegmentSounds
from models.serving.served import ENCODERS, SCENARIO, SCENARIO_FAMILIARITY
from schemas.sound_place import NearAndFarSounds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from models.egolog.near_share import NearAndFar
    from models.serving.audio_tagger import AudioTagger
    from models.serving.registry import Opened, Registry
    from models.serving.window_ahead import WindowAhead
    from schemas.frames import Modality

TOP_EVENTS = 5
MIN_EVENT = 0.3


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
        self._segment_s = segment_s
        self._sounds = SoundNames(segment_sounds or SegmentSounds(registry), segment_s, tagger)
        self._sound_event_above = sound_event_above
        self._encoders = registry.open(ENCODERS)
        self._segment_motion = SegmentMotion(registry)
        self._segments = SegmentEncoder(
            self._encoders, self._second_encoder, self._segment_motion, segment_s
        )
        # A network that was tuned on the features of these encoders is named with this one.
        self.encoders_revision = self._encoders.revision
        # By which of them the records of such features name the encoders.
        self.encoders_in_records = self._encoders.revisions
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
        encoded = self._segments.encode(items)
        scored = _score(current, [segments for segments, _ in encoded])
        quiet = {
            number: segments
            for number, item in enumerate(items)
            if (segments := _without_far_only(encoded[number][0], item.far_only)) is not None
        }
        quiet_scored = dict(zip(quiet, _score(current, list(quiet.values())), strict=True))
        named = self._sounds.of_windows(items, [segments["audio_mask"] for segments, _ in encoded])
        return [
            self._output(item, current, *encoded[n], scored[n], quiet_scored.get(n), *named[n])
            for n, item in enumerate(items)
        ]

    def prepare(self, items: Sequence[WindowAhead]) -> list[None]:
        """Precompute and cache results for windows that are still open.

        Anything missing is computed in `predict`, bit-equal.
        """
        self._second_encoder.encode_all([item.sound for item in items if item.sound is not None])
        self._sounds.prepare([mel for item in items for mel in item.loudest])
        self._segment_motion.encode_all([item.motion for item in items if item.motion is not None])
        return [None] * len(items)

    def name_apart(self, items: Sequence[NearAndFar]) -> list[NearAndFarSounds]:
        """Return the sounds of each segment's near field, and of the rest.

        Both are recognised by our own recogniser, even if an audio tagger names window events.
        """
        for item in items:
            for name, mel in (("near", item.near), ("far", item.far)):
                check(name, mel, (FRAME_RATE * self._segment_s, MEL_BANDS))
        sounds = self._sounds.of_segments([mel for item in items for mel in (item.near, item.far)])
        return [
            NearAndFarSounds(near, far) for near, far in zip(sounds[::2], sounds[1::2], strict=True)
        ]

    def name_sounds(self, items: Sequence[Array]) -> list[dict[str, float]]:
        """Return the sounds of single segments, (T, 64) log-mel each.

        By our own recogniser, as in `name_apart`, because an audio tagger needs five seconds.
        """
        return self._sounds.of_segments(items)

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
        events = _top(by_name(names, sounds.max(axis=0)), self._sound_event_above)
        own = WearerAdapters.of(item.adapter, item.corrections, current.revision)
        tagger = self._sounds.revision_of(item)
        by = [self._revision_with(current), *([tagger] if tagger else []), *own.names]
        scenarios = by_name(SCENARIOS, expit(own.adapt(scored.logits)))
        familiarity, unknown = self._verdict(scenarios, segments)
        return ScenarioOutput(
            scenarios=scenarios,
            key_frames=round_all(scored.weights),
            sound_events=events,
            motion=by_name(MOTIONS, motions),
            embeddings=scored.rows,
            revision="+".join(by),
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
                [self._known.reference.familiarity(segments["imu_features"][has_imu])]
            )
            present.append("imu")
        least = self._known.least_probability
        return familiarity, is_unknown(scenarios, familiarity, present, least)


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
