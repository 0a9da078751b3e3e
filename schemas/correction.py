"""`corrections`: the wearer's changes of the log, in the order in which they were made.

The topic is compacted by the correction's own id, so that each is kept forever: an undo is a
correction too.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.frames import NS
from schemas.message import Label, Message, TimeNs

MAX_SPAN_NS = 86_400 * NS
"""Maximum length of a correction, so that a reader of a span knows where to begin."""

WEARER = "wearer"
"""The default author of a correction, and the provenance of labels by any wearer."""

Row = Literal["scenario", "activity"]
Action = Literal["correct", "split", "merge", "delete", "add", "confirm", "note", "undo"]
CORRECTION_ID = re.compile(r"^[0-9a-f]{32}$")
CorrectionId = Annotated[str, Field(pattern=CORRECTION_ID.pattern)]


class NamedSpan(BaseModel):
    """The labels of [start_ns, end_ns); none means that nothing happened there."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start_ns: TimeNs
    end_ns: TimeNs
    labels: list[Label] = Field(default_factory=list, max_length=8)

    @model_validator(mode="after")
    def _start_is_before_end(self) -> NamedSpan:
        if self.start_ns >= self.end_ns:
            raise ValueError(f"span ends at {self.end_ns}; expected after {self.start_ns}")
        return self


class Correction(Message):
    """One change: its author and time, and the log's labels `before` and `after` it.

    `after` covers the whole span without a gap. `correct`, `merge` and `add` label it as a whole,
    `split` in several parts; `delete` leaves it without a label; `confirm` confirms the log's
    labels of each labelled part; `note` leaves the labels unchanged and adds the text `note`.
    `undo` takes back the correction `undoes`; its `after` are the labels of the log afterwards,
    which the wearer did not choose.
    """

    TYPE: ClassVar[str] = "correction"
    MAX_BYTES: ClassVar[int] = 500_000

    correction_id: CorrectionId
    action: Action
    row: Row
    author: Annotated[str, Field(min_length=1, max_length=64)] = WEARER
    created_ns: TimeNs
    before: list[NamedSpan] = Field(default_factory=list, max_length=1024)
    after: list[NamedSpan] = Field(min_length=1, max_length=1024)
    note: str = Field(default="", max_length=500)
    undoes: CorrectionId | None = None

    @property
    def key(self) -> str:
        """Its own id, so that compaction keeps every correction."""
        return self.correction_id

    @property
    def start_ns(self) -> int:
        """Start of the span, ns of event time."""
        return self.after[0].start_ns

    @property
    def end_ns(self) -> int:
        """End of the span, ns of event time."""
        return self.after[-1].end_ns

    @property
    def names(self) -> bool:
        """Whether it sets the labels of its span."""
        return self.action not in ("note", "undo")

    @property
    def named(self) -> list[NamedSpan]:
        """The wearer's labels: a part without a label means that nothing happened there."""
        if not self.names:
            return []
        return [span for span in self.after if span.labels or self.action != "confirm"]

    @model_validator(mode="after")
    def _fits_its_action(self) -> Correction:
        for earlier, later in zip(self.after, self.after[1:], strict=False):
            if earlier.end_ns != later.start_ns:
                raise ValueError(f"after has a hole or overlap at {earlier.end_ns}; expected none")
        if self.end_ns - self.start_ns > MAX_SPAN_NS:
            raise ValueError(
                f"span lasts {(self.end_ns - self.start_ns) / 3.6e12:.1f} h; expected at most 24 h"
            )
        if (self.undoes is not None) != (self.action == "undo"):
            raise ValueError(f"action {self.action!r} with undoes {self.undoes!r}; expected undo")
        if self.action == "undo":
            return self
        if self.action == "confirm":
            if not self.named:
                raise ValueError("action 'confirm' has no labels; expected those of the log")
            return self
        several = len(self.after) > 1
        if several != (self.action == "split"):
            raise ValueError(f"action {self.action!r} has {len(self.after)} parts")
        unnamed = any(not span.labels for span in self.after)
        if unnamed != (self.action in ("delete", "note")):
            raise ValueError(f"action {self.action!r} with labels {self.after[0].labels}")
        if self.action == "note" and not self.note.strip():
            raise ValueError("note is empty; expected a text")
        return self
