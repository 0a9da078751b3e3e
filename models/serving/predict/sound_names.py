"""Naming the sounds of scenario windows and of single segments (EgoLog §4.4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from models.egolog.audio_tagger.input import MELS, STEPS, TAGGER_MEL
from models.egolog.audio_tagger.input import SEGMENT_S as TAGGED_S
from models.labels import RECOGNISED_SOUNDS
from models.serving.predict.arrays import FRAME_RATE, MEL_BANDS, Array, PredictError, by_name, check
from models.serving.segment_sounds import SegmentSounds, levels, tagged_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.serving.audio_tagger import AudioTagger
    from models.serving.predict.scenario_window import ScenarioInput


class SoundNames:
    """Names sounds: by `tagger` where a window has its log-mel, else by our own recogniser."""

    def __init__(
        self, segment_sounds: SegmentSounds, segment_s: int, tagger: AudioTagger | None
    ) -> None:
        self._segment_sounds = segment_sounds
        self._segment_s = segment_s
        self._tagger = tagger

    def of_windows(
        self, items: Sequence[ScenarioInput], has_audio: Sequence[NDArray[np.bool_]]
    ) -> list[tuple[Sequence[str], Array]]:
        """Return the names of sounds, and their probabilities (S, P), of each window."""
        named: dict[int, tuple[Sequence[str], Array]] = {}
        own: list[int] = []
        for number, item in enumerate(items):
            if self._tagger is not None and item.tagger_mel is not None:
                named[number] = self._tagger.names, _tag(self._tagger, item)
            else:
                own.append(number)
        sounds = self._of_loudest([(items[n].mel, has_audio[n]) for n in own])
        named.update((n, (RECOGNISED_SOUNDS, each)) for n, each in zip(own, sounds, strict=True))
        return [named[number] for number in range(len(items))]

    def prepare(self, segments: Sequence[Array]) -> None:
        """Compute and keep the sounds of segments (T, 64) of windows that are still open."""
        if self._tagger is None:
            self._segment_sounds.logits_of_all(segments)

    def revision_of(self, item: ScenarioInput) -> str | None:
        """Return the revision of the tagger that names the sounds of a window, if one does."""
        if self._tagger is None or item.tagger_mel is None:
            return None
        return self._tagger.revision

    def of_segments(self, mels: Sequence[Array]) -> list[dict[str, float]]:
        """Return the sounds of single segments, (T, 64) log-mel each, by our own recogniser.

        An audio tagger needs five seconds.
        """
        for mel in mels:
            check("mel", mel, (FRAME_RATE * self._segment_s, MEL_BANDS))
        logits = self._segment_sounds.logits_of_all(mels)
        return [by_name(RECOGNISED_SOUNDS, expit(each)) for each in logits]

    def _of_loudest(
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
