"""Editing a log: each change is published first, then applied to the store.

Readers of the topic apply it as well, so a published change survives a crash, a replay and the loss
of the store.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
)

from infra import clock
from infra.daily_log.corrections import added_spans, apply_corrections, in_force
from infra.errors import InfraError
from schemas import Correction, NamedSpan
from schemas.correction import CORRECTION_ID, MAX_SPAN_NS, WEARER, Action, CorrectionId, Row
from schemas.event_time import EXPECTED, FIRST_NS, TIME_PATTERN, iso, parse, why_refused
from schemas.labels import MAX_NAME_CHARS, checked_name
from schemas.message import END_OF_TIME_NS, DeviceId

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from infra.daily_log.records import Log
    from infra.daily_log.store import LogStore

# Runs of the same label with a longer gap between them count as two, as on the page.
_GAP_NS = 90_000_000_000
# A wearer writes the end to the minute.
_MINUTE_NS = 60_000_000_000
_MAX_RUNS = 1024


class CorrectionError(InfraError):
    """A change of the log is invalid, or has nothing to change."""


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
            raise CorrectionError(_first(error)) from error


class LogEditor:
    """Changes the logs in `store`; `publish` returns once the broker has a correction.

    `known` are each row's names; a label that differs only in case takes their spelling.
    """

    def __init__(
        self,
        store: LogStore,
        publish: Callable[[Correction], Awaitable[None]],
        known: Mapping[Row, Iterable[str]],
        clock_ns: Callable[[], int] = clock.now_ns,
    ) -> None:
        self._store = store
        self._publish = publish
        self._known = {
            row: {name.casefold(): name for name in names} for row, names in known.items()
        }
        self._clock_ns = clock_ns

    async def change(self, change: Change) -> Correction:
        """Publish a change, apply it and return it; raises `CorrectionError`."""
        correction = await self._make_correction(change)
        await self._publish(correction)
        await self._store.put_corrections([correction])
        return correction

    async def _is_to_come(self, device: str, end_ns: int, now_ns: int) -> bool:
        """Return whether a time is past this clock and past the log, whose device may be ahead."""
        if now_ns < FIRST_NS or end_ns <= now_ns + _MINUTE_NS:
            return False
        summary = await self._store.device(device)
        return summary is None or end_ns > summary.last_ns

    async def _make_correction(self, change: Change) -> Correction:
        undone = await self._undone(change) if change.action == "undo" else None
        after = undone.after if undone is not None else self._spans(change)
        row = change.row if undone is None else undone.row
        start, end = after[0].start_ns, after[-1].end_ns
        now_ns = self._clock_ns()
        # A label of a time to come would be the log's end until then. Such a label may be undone.
        if undone is None and why_refused(end, now_ns) is not None:
            raise CorrectionError(
                f"span ends at {iso(end)}; expected a time from 2000 to a day from now"
            )
        if undone is None and await self._is_to_come(change.device, end, now_ns):
            raise CorrectionError(
                f"span ends at {iso(end)}, which is still to come; expected an end until now, or "
                "until that of the log"
            )
        if end - start > MAX_SPAN_NS:
            raise CorrectionError(
                f"span lasts {(end - start) / 3.6e12:.1f} h; expected 24 h or less"
            )
        log = await self._store.read(change.device, max(0, start - _GAP_NS), end)
        before = runs(log, row, start, end)
        if change.action == "confirm":
            after = _as_logged(log, row, after)
        if undone is not None:
            without = [c for c in log.corrections if c.correction_id != undone.correction_id]
            after = _whole(runs(_again(log, without), row, start, end), start, end)
        try:
            return Correction(
                device_id=change.device,
                correction_id=change.correction_id or uuid.uuid4().hex,
                action=change.action,
                row=row,
                author=change.author,
                created_ns=now_ns,
                before=before,
                after=after,
                note=change.note.strip(),
                undoes=change.undoes,
            )
        except ValidationError as error:
            raise CorrectionError(_first(error)) from error

    async def _undone(self, change: Change) -> Correction:
        if change.undoes is None:
            raise CorrectionError("undoes is missing; expected the id of a correction")
        every = await self._store.corrections(change.device, 0, END_OF_TIME_NS)
        taken_back = {each.undoes for each in every if each.undoes}
        known = {each.correction_id: each for each in every}
        if change.undoes not in known:
            raise CorrectionError(f"correction {change.undoes} is unknown; expected one of the log")
        standing = {each.correction_id for each in in_force(every)}
        if known[change.undoes].action != "undo" and change.undoes not in standing:
            raise CorrectionError(f"correction {change.undoes} was taken back already")
        if known[change.undoes].action == "undo" and change.undoes in taken_back:
            raise CorrectionError(f"undo {change.undoes} was taken back already")
        return known[change.undoes]

    def _spans(self, change: Change) -> list[NamedSpan]:
        if not change.parts:
            raise CorrectionError("parts are missing; expected at least one with from and to")
        names = self._known.get(change.row, {})
        try:
            return [
                NamedSpan(
                    start_ns=part.start,
                    end_ns=part.end,
                    labels=[names.get(name.casefold(), name) for name in part.labels],
                )
                for part in change.parts
            ]
        except ValidationError as error:
            raise CorrectionError(_first(error)) from error


def _as_logged(log: Log, row: Row, asked: list[NamedSpan]) -> list[NamedSpan]:
    """Return the span's parts with the log's labels, unlabelled where the log has none.

    Raises `CorrectionError` if the labels asked for are not those of the log.
    """
    if len(asked) != 1:
        raise CorrectionError(f"action 'confirm' has {len(asked)} parts; expected one")
    [seen] = asked
    where = f"{iso(seen.start_ns)} to {iso(seen.end_ns)}"
    # No gaps are bridged: a hole or an unknown window has no label that could be confirmed.
    logged = runs(log, row, seen.start_ns, seen.end_ns, gap_ns=0)
    if not logged:
        raise CorrectionError(f"the log says nothing of {where}; expected a span with a {row}")
    for each in logged:
        # The page may show labels that are a minute old.
        if seen.labels and not (
            each.labels[0] == seen.labels[0] and {*seen.labels} <= {*each.labels}
        ):
            raise CorrectionError(
                f"the log says {', '.join(each.labels)!r} from {iso(each.start_ns)} on; "
                f"expected {', '.join(seen.labels)!r} in all of {where}"
            )
    after = _whole(logged, seen.start_ns, seen.end_ns)
    if not any(each.labels for each in after):
        raise CorrectionError(
            f"{where} has over {_MAX_RUNS} changes of {row}; expected a shorter span"
        )
    return after


def runs(
    log: Log, row: Row, start_ns: int, end_ns: int, *, gap_ns: int = _GAP_NS
) -> list[NamedSpan]:
    """Return the runs of equal labels in [start_ns, end_ns), clipped to it.

    Runs of the same labels at most `gap_ns` apart are merged.
    """
    spans: list[tuple[int, int, list[str]]] = [
        (each.start_ns, each.end_ns, each.word.labels)
        for each in added_spans(log)
        if each.row == row
    ]
    if row == "scenario":
        spans += [(r.start_ns, r.end_ns, r.labels) for r in log.scenarios]
    else:
        spans += [(r.start_ns, r.end_ns, [r.leading] if r.leading else []) for r in log.activities]
    merged: list[tuple[int, int, list[str]]] = []
    for begin, stop, labels in sorted(spans):
        first, past = max(begin, start_ns), min(stop, end_ns)
        if first >= past or not labels:
            continue
        if merged and merged[-1][2] == labels and first - merged[-1][1] <= gap_ns:
            merged[-1] = (merged[-1][0], max(past, merged[-1][1]), labels)
        else:
            merged.append((first, past, labels))
    return [
        NamedSpan(start_ns=first, end_ns=past, labels=labels[:8])
        for first, past, labels in merged[:_MAX_RUNS]
    ]


def _again(log: Log, corrections: list[Correction]) -> Log:
    bare = {"corrected": None}
    return apply_corrections(
        [record.model_copy(update=bare) for record in log.scenarios],
        [record.model_copy(update=bare) for record in log.activities],
        corrections,
    )


def _whole(spans: list[NamedSpan], start_ns: int, end_ns: int) -> list[NamedSpan]:
    """Return the spans, with unlabelled spans filling [start_ns, end_ns) around them."""
    whole: list[NamedSpan] = []
    at = start_ns
    for span in spans:
        begin = max(span.start_ns, at)
        if begin >= span.end_ns:
            continue
        if begin > at:
            whole.append(NamedSpan(start_ns=at, end_ns=begin))
        whole.append(span.model_copy(update={"start_ns": begin}))
        at = span.end_ns
    if at < end_ns:
        whole.append(NamedSpan(start_ns=at, end_ns=end_ns))
    return whole if len(whole) <= _MAX_RUNS else [NamedSpan(start_ns=start_ns, end_ns=end_ns)]


def correction_line(correction: Correction) -> str:
    """Return a correction as one line for people."""
    span = f"{iso(correction.start_ns)} to {iso(correction.end_ns)}"
    before = ", ".join(dict.fromkeys(n for s in correction.before for n in s.labels)) or "nothing"
    after = ", ".join(dict.fromkeys(n for s in correction.after for n in s.labels)) or "nothing"
    if correction.action == "note":
        return f"note on {span}: {correction.note}"
    if correction.action == "confirm":
        return f"confirm {span}: {after}"
    return f"{correction.action} {span}: {before} → {after}"


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
