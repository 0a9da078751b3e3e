"""The sessions of one device: which one a frame belongs to, and which ones it ends.

A clock reset inside a session starts the session's next epoch, a session of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgpack

from operators.declared_positions import DeclaredPositions
from operators.window_session import WindowSession
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.frames import AudioFrame, ImuFrame, Modality

TokenT = TypeVar("TokenT")

# Number of sessions kept in a checkpoint; a device with more sessions between two crashes would
# publish its oldest windows again.
_REMEMBERED_SESSIONS = 8
# After this much event time without a frame, a session is ended by the device's next one; sessions
# that are closer are processed in parallel.
_OVERLAP_NS = 30 * NS


class DeviceSessions(Generic[TokenT]):
    """The known sessions of a device, in order of their start."""

    def __init__(self, device_id: str, lateness_ns: int) -> None:
        self._device_id = device_id
        self._lateness_ns = lateness_ns
        self._sessions: dict[tuple[str, int], WindowSession[TokenT]] = {}

    def __iter__(self) -> Iterator[WindowSession[TokenT]]:
        return iter(self._sessions.values())

    def restore(self, checkpoint: bytes | None) -> None:
        """Restore the sessions from a checkpoint; None restores nothing."""
        for entry in msgpack.unpackb(checkpoint) if checkpoint else []:
            # Checkpoints of earlier releases have no positions.
            session_id, epoch, floor_ns, after, first_frames, *positions = entry
            session = WindowSession[TokenT](self._device_id, session_id, epoch)
            session.floor_ns = session.closed_ns = session.restored_ns = floor_ns
            session.after = after
            session.first_frames = {m: (s, t) for m, (s, t) in first_frames.items()}
            session.positions = DeclaredPositions.restore(*positions)
            self._sessions[session_id, epoch] = session

    def snapshot(self) -> bytes:
        """Return the checkpoint: up to where each session's windows were emitted."""
        packed: bytes = msgpack.packb(
            [
                [
                    session.session_id,
                    session.epoch,
                    session.floor_ns,
                    session.after,
                    session.first_frames,
                    session.positions.snapshot(),
                ]
                for session in list(self)[-_REMEMBERED_SESSIONS:]
            ]
        )
        return packed

    def of(self, frame: AudioFrame | ImuFrame, modality: Modality) -> WindowSession[TokenT]:
        """Return the latest epoch of the frame's session that its modality has reached."""
        reached = None
        for session in self:
            if session.session_id != frame.session_id:
                continue
            if modality in session.tracks and session.tracks[modality].newest_ns is not None:
                reached = session
            elif modality in session.first_frames:
                seq, t_ns = session.first_frames[modality]
                if frame.seq >= seq and frame.t_ns >= t_ns - self._lateness_ns:
                    reached = session
            elif reached is None:
                reached = session
        if reached is None:
            reached = WindowSession[TokenT](self._device_id, frame.session_id, 0)
            self._prune()
            self._sessions[frame.session_id, 0] = reached
        return reached

    def next_epoch(self, session: WindowSession[TokenT]) -> WindowSession[TokenT]:
        """Return the session that follows a clock reset of another."""
        key = (session.session_id, session.epoch + 1)
        if key not in self._sessions:
            self._sessions[key] = WindowSession[TokenT](self._device_id, *key)
        return self._sessions[key]

    def ended_by(
        self, session: WindowSession[TokenT], modality: Modality, t_ns: int
    ) -> Iterator[WindowSession[TokenT]]:
        """Yield the earlier sessions that a frame of `modality` at `t_ns` in this one ends.

        A stream's first frame in a new session ends that stream in the earlier ones. An earlier
        session is not ended, so both are processed, if the two are less than 30 s apart or if the
        earlier one continued after it had been ended. Nor is a stream ended that has no frame yet
        in a session that began after `t_ns`: it is only slower than the other stream.
        """
        for earlier in self:
            if earlier is session:
                break
            track = earlier.tracks.get(modality)
            if track is None or track.final or earlier.beside_later:
                continue
            began_ns = min(
                (start_ns for _, start_ns in earlier.first_frames.values()), default=t_ns
            )
            if track.newest_ns is None and began_ns > t_ns:
                continue
            same = earlier.session_id == session.session_id
            last_ns = began_ns if track.newest_ns is None else track.newest_ns
            if same or abs(t_ns - last_ns) >= _OVERLAP_NS:
                track.final, track.ended_by_later = True, not same
                yield earlier

    def _prune(self) -> None:
        """Drop the oldest sessions without held tokens, to bound a device's state."""
        for key in [k for k, s in self._sessions.items() if not s.holds][:-_REMEMBERED_SESSIONS]:
            del self._sessions[key]
