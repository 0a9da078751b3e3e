"""Errors that operators raise for input that decodes but cannot be used."""

from __future__ import annotations


class OperatorError(ValueError):
    """A message that an operator cannot use; `reason` is a stable code for metrics."""

    reason = "operator"


class CodecError(OperatorError):
    """Compressed samples that do not decode to what the frame says."""

    reason = "codec"


class FormatChangeError(OperatorError):
    """A frame whose rate or channels differ from what its session began with."""

    reason = "format_change"


class SessionEndedError(OperatorError):
    """A frame of a session that another session of the device ended meanwhile."""

    reason = "session_ended"


class ImplausibleTimeError(OperatorError):
    """A frame whose event time nothing measured can have."""

    reason = "clock"


class AnswerError(OperatorError):
    """An answer of the language model that names anything but categories."""

    reason = "answer"
