"""Windows that were published before and whose frames are read again only to learn from.

A store that lost its checkpoints, or whose checkpoints are older than the frames that the broker
still has, makes a worker begin in the middle of a session. What it computes of windows that were
published before has seen less than what was published, and would replace it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas import Message


class PublishedBefore:
    """By device and session, up to where its windows were published; false while empty."""

    def __init__(self) -> None:
        self._newest_ns: dict[str, dict[str, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._newest_ns)

    def note(self, frame: Any) -> None:
        """Take note of a frame of which all windows were published: those that begin before it."""
        sessions = self._newest_ns.setdefault(frame.device_id, {})
        sessions[frame.session_id] = max(frame.t_ns, sessions.get(frame.session_id, frame.t_ns))

    def has(self, message: Message) -> bool:
        """Return whether a message is a result of a window that was published before."""
        session_id = getattr(message, "session_id", None)
        start_ns: int | None = getattr(message, "start_ns", None)
        if session_id is None or start_ns is None:
            return False
        return start_ns <= self._newest_ns.get(message.device_id, {}).get(session_id, start_ns - 1)

    def forget_device(self, device_id: str) -> None:
        """Forget a device, whose frames were all read again."""
        self._newest_ns.pop(device_id, None)

    def clear(self) -> None:
        """Forget all devices."""
        self._newest_ns.clear()
