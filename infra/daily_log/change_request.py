"""A requested change of a log, as the page and the command line send it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, field_validator

from infra.errors import InfraError
from infra.validation import first_problem
from schemas.correction import CORRECTION_ID, WEARER, Action, CorrectionId, Row
from schemas.event_time import EXPECTED, TIME_PATTERN, parse
from schemas.labels import MAX_NAME_CHARS, checked_name
from schemas.message import END_OF_TIME_NS, DeviceId

# JSON types accepted for a time; `Part` parses and checks the value.
Time = Annotated[
    int,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": TIME_PATTERN},
                {"type": "integer", "minimum": 0, "exclusiveMaximum": END_OF_TIME_NS},
            ]
        }
    ),
]
Name = Annotated[
    str, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS})
]


class CorrectionError(InfraError):
    """A change of the log is invalid, or has nothing to change."""


class Part(BaseModel):
    """New labels of [start, end): times as ISO 8601 or ns, labels by name."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    start: Time = Field(alias="from")
    end: Time = Field(alias="to")
    labels: list[Name] = Field(default_factory=list, max_length=8)

    @field_validator("start", "end", mode="before")
    @classmethod
    def _time(cls, value: Any) -> int:
        try:
            return parse(str(value))
        except ValueError as error:
            raise ValueError(f"time is {str(value)[:40]!r}; expected {EXPECTED}") from error

    @field_validator("labels")
    @classmethod
    def _names(cls, names: list[str]) -> list[str]:
        return [checked_name(name) for name in names]


class Change(BaseModel):
    """A requested change; a repeated `correction_id` makes the request idempotent.

    `confirm` has one part, which is filled with the log's own labels. If it names labels, they are
    what the wearer saw, and the change is refused where the log says otherwise.
    """

    model_config = ConfigDict(extra="forbid")

    device: DeviceId
    action: Action
    row: Row = "scenario"
    parts: list[Part] = Field(default_factory=list, max_length=64)
    note: str = Field(default="", max_length=500)
    author: Annotated[str, Field(min_length=1, max_length=64)] = WEARER
    undoes: CorrectionId | None = None
    correction_id: CorrectionId | None = None

    @field_validator("undoes", "correction_id", mode="before")
    @classmethod
    def _id(cls, value: Any) -> Any:
        if isinstance(value, str) and not CORRECTION_ID.fullmatch(value):
            raise ValueError(f"id is {value[:40]!r}; expected 32 hexadecimal digits, as listed")
        return value

    @classmethod
    def parse(cls, fields: Any) -> Change:
        """Parse a change from JSON fields; raises `CorrectionError`."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise CorrectionError(first_problem(error)) from error
