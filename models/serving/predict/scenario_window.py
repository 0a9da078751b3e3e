"""A window of scenario recognition: what is given, and what is returned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from models.egolog.correction_adapter import CorrectionAdapter
    from models.serving.encoded_seconds import EncodedSecond
    from models.serving.predict.arrays import Array
    from models.serving.predict.wearer_adapters import Adapter
    from schemas.frames import Modality


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
