"""Errors that operators raise for input that decodes but cannot be used."""

from __future__ import annotations


class OperatorError(ValueError):
    """A message that an operator rejects; `reason` is a stable code for metrics."""

    reason = "operator"


class CodecError(OperatorError):
    """Compressed samples that do not match the frame's fields."""

    reason = "codec"


class FormatChangeError(OperatorError):
    """A frame whose rate or channels differ from those of its session's first frames."""

    reason = "format_change"


class SessionEndedError(OperatorError):
    """A frame of a session that another session of the device ended meanwhile."""

    reason = "session_ended"


class ImplausibleTimeError(OperatorError):
    """A frame with an impossible event time."""

    reason = "clock"


class AnswerError(OperatorError):
    """An answer of the language model with anything but categories."""

    reason = "answer"
