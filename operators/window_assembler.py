"""Assembling windows from slices: features are computed once per slice and joined per window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np

from operators.slice_features import SliceFeatures, join_slices
from schemas.frames import MODALITIES, NS, Modality
from schemas.vector import Vector
from schemas.windows import Window, WindowKind, window_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operators.featurizer import Featurizer
    from operators.slice_features import Features
    from operators.window_session import WindowSession
    from operators.windowed import Windowed

TokenT = TypeVar("TokenT")
SpeechFilter = Literal["off", "drop-features", "drop-window"]

_INT16_FULL_SCALE = np.float32(32_768)
# Features of each kind of window.
_FEATURES: dict[WindowKind, tuple[str, ...]] = {
    "spatial": ("maps", "mel", "imu"),
    "har": ("mel", "imu"),
    "scenario": ("mel", "imu", "tagger_mel"),
}
# Features that only the spatial window needs. It is the first window of a slice to be emitted, so
# dropping them then saves three quarters of the memory of thirty seconds.
_SPATIAL_ALONE = frozenset(_FEATURES["spatial"]).difference(_FEATURES["har"], _FEATURES["scenario"])


class WindowAssembler(Generic[TokenT]):
    """Assembles windows of `lengths_ns`, each a whole number of slices, shortest first.

    `speech_filter` drops the sound features, or the whole window, where the featurizer detects
    speech.
    """

    def __init__(
        self,
        featurizer: Featurizer,
        lengths_ns: Mapping[WindowKind, int],
        slice_ns: int,
        speech_filter: SpeechFilter,
    ) -> None:
        self._featurizer = featurizer
        self._lengths = lengths_ns
        self._slice_ns = slice_ns
        self._speech_filter = speech_filter

    def hand_out(
        self, session: WindowSession[TokenT], kind: WindowKind, index: int, out: Windowed[TokenT]
    ) -> None:
        """Emit a session's window `index` of a kind, unless it has no samples."""
        length = self._lengths[kind]
        start_ns, end_ns = index * length, (index + 1) * length
        numbers = range(start_ns // self._slice_ns, end_ns // self._slice_ns)
        slices = [self._slice(session, number, out) for number in numbers]
        if kind == "scenario":
            absent = [n for n, each in zip(numbers, slices, strict=True) if each is None]
            self._count_absent(session, absent, out)
        published = session.published.setdefault(kind, [])
        has_audio = any(each is not None and each.filled.get("audio") for each in slices)
        channels = session.formats["audio"][1] if has_audio else None
        slices = self._without_speech(slices, out)
        if any(s is not None and (kind != "spatial" or s.filled.get("audio")) for s in slices):
            published.append(start_ns)
            out.windows.append(self._window(session, kind, start_ns, end_ns, slices, channels))
        if kind == "spatial":
            _forget_spatial_features(session, numbers)
        if kind == "scenario":
            _forget_slices(session, numbers, start_ns, end_ns)

    def _slice(
        self, session: WindowSession[TokenT], number: int, out: Windowed[TokenT]
    ) -> SliceFeatures | None:
        if number in session.buffers:
            session.slices[number] = self._featurize(session, number, out)
        return session.slices.get(number)

    def _without_speech(
        self, slices: list[SliceFeatures | None], out: Windowed[TokenT]
    ) -> list[SliceFeatures | None]:
        """Return the slices as the speech filter leaves them."""
        speaks = any(each is not None and each.speaks for each in slices)
        if self._speech_filter == "off" or not speaks:
            return slices
        out.counts["speech", "audio"] += 1
        whole = self._speech_filter == "drop-window"
        return [None if whole or each is None else each.without_sound() for each in slices]

    def _count_absent(
        self, session: WindowSession[TokenT], absent: list[int], out: Windowed[TokenT]
    ) -> None:
        """Count the slices between a session's frames in which it sent nothing at all."""
        began_ns = min((t_ns for _, t_ns in session.first_frames.values()), default=0)
        newest_ns = max(track.newest_ns or 0 for track in session.tracks.values())
        within = [
            n
            for n in absent
            if began_ns <= n * self._slice_ns and (n + 1) * self._slice_ns <= newest_ns
        ]
        if within:
            for modality in session.tracks:
                out.counts["gap_ns", modality] += len(within) * self._slice_ns

    def _featurize(
        self, session: WindowSession[TokenT], number: int, out: Windowed[TokenT]
    ) -> SliceFeatures:
        buffers = session.buffers.pop(number)
        session.sample_bytes -= buffers.nbytes
        features: Features = {}
        filled: dict[Modality, int] = {}
        expected: dict[Modality, int] = {}
        if (sound := buffers.audio) is not None:
            filled["audio"], expected["audio"] = sound.filled, len(sound)
            rate, _ = session.formats["audio"]
            scaled = np.divide(sound.values.T, _INT16_FULL_SCALE, dtype=np.float32)
            features |= self._featurizer.audio(scaled, int(rate), sound.mask)
        if (motion := buffers.imu) is not None:
            laid = motion.lay()
            if laid.overlaps:
                out.counts["overlaps", "imu"] += laid.overlaps
            filled["imu"], expected["imu"] = laid.filled, len(motion)
            rate, _ = session.formats["imu"]
            place_s = session.grids["imu"].after_s(motion.first, number * self._slice_ns)
            features |= self._featurizer.imu(
                laid.values,
                rate,
                laid.mask,
                first_s=place_s + laid.phase_s,
                seconds=self._slice_ns / NS,
            )
        for modality in (m for m in MODALITIES if m in session.tracks):
            length = expected.get(modality, 1)
            missing = length - filled.get(modality, 0)
            if missing:
                out.counts["gap_ns", modality] += missing * self._slice_ns // length
        return SliceFeatures(features, filled, expected)

    def _window(
        self,
        session: WindowSession[TokenT],
        kind: WindowKind,
        start_ns: int,
        end_ns: int,
        slices: list[SliceFeatures | None],
        channels: int | None,
    ) -> Window:
        coverage: dict[Modality, float] = {}
        each: dict[Modality, list[float]] = {}
        for modality in (m for m in MODALITIES if m in session.tracks):
            shares = [0.0 if s is None else s.share(modality) for s in slices]
            if any(shares):
                each[modality] = [round(share, 4) for share in shares]
                coverage[modality] = round(sum(shares) / len(shares), 4)
        wanted = _FEATURES[kind]
        scenario_ns = self._lengths["scenario"]
        recent = (
            session.after is not None
            and start_ns // scenario_ns * scenario_ns - session.after <= 2 * scenario_ns
        )
        # Validating fields that were made here would take longer than joining them.
        return Window.model_construct(
            device_id=session.device_id,
            window_id=window_id(session.device_id, session.name, kind, start_ns),
            session_id=session.name,
            kind=kind,
            start_ns=start_ns,
            end_ns=end_ns,
            coverage=coverage,
            slices=each,
            features={
                name: Vector.of(joined, "<f4" if name == "imu" else "<f2")
                for name in wanted
                if (joined := join_slices(name, slices)) is not None
            },
            parts={
                part: sum(start_ns <= s < end_ns for s in session.published.get(part, ()))
                for part, length in self._lengths.items()
                if length < end_ns - start_ns
            },
            after=session.after if recent else None,
            position=session.positions.by(end_ns),
            channels=channels,
        )


def _forget_spatial_features(session: WindowSession[TokenT], numbers: range) -> None:
    for number in numbers:
        if number in session.slices:
            for name in _SPATIAL_ALONE:
                session.slices[number].features.pop(name, None)


def _forget_slices(
    session: WindowSession[TokenT], numbers: range, start_ns: int, end_ns: int
) -> None:
    """Forget what no window after a scenario window needs."""
    session.after = start_ns
    session.positions.forget_before(end_ns)
    for number in numbers:
        session.slices.pop(number, None)
    for starts in session.published.values():
        starts[:] = [s for s in starts if s >= end_ns]
