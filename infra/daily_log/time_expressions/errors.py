"""The error of a time that no log can have."""

from __future__ import annotations


class TimeExpressionError(ValueError):
    """A time that cannot be: of no calendar, of no clock, or in the future."""

    def __init__(self, text: str, expected: str) -> None:
        self.text = text
        self.expected = expected
        super().__init__(f"time is {text!r}; expected {expected}")
