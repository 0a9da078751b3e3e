"""Editing a log: each change is published first, then applied to the store.

Readers of the topic apply it as well, so a published change survives a crash, a replay and the loss
of the store.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pydantic import (
    ValidationError,
)

from infra import clock
from infra.daily_log.change_request import Change, CorrectionError
from infra.daily_log.corrections import apply_corrections, in_force
from infra.daily_log.label_runs import GAP_NS, MAX_RUNS, filled_in, runs
from infra.validation import first_problem
from schemas import Correction, NamedSpan
from schemas.correction import MAX_SPAN_NS, Row
from schemas.event_time import FIRST_NS, iso, why_refused
from schemas.message import END_OF_TIME_NS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from infra.daily_log.records import Log
    from infra.daily_log.store import LogStore

# A wearer writes the end to the minute.
_MINUTE_NS = 60_000_000_000


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
        """Publish a change, apply it and return it; raises `CorrectionError`.

        One with the id of a correction in the log was asked for again, because its answer was lost:
        that correction is returned as it was made.
        """
        mark = await self._store.erasures.read(change.device)
        erased = CorrectionError(f"device {change.device!r} was erased; expected one with a log")
        if mark < 0:
            raise erased
        if made := await self._made_before(change):
            return made
        correction = await self._make_correction(change)
        await self._publish(correction)
        if await self._store.put_corrections([correction], mark):
            raise erased
        return correction

    async def _made_before(self, change: Change) -> Correction | None:
        if change.correction_id is None:
            return None
        every = await self._store.corrections(change.device, 0, END_OF_TIME_NS)
        made = next((c for c in every if c.correction_id == change.correction_id), None)
        asked = (change.action, change.note.strip(), change.author, change.undoes)
        if made and (made.action, made.note, made.author, made.undoes) != asked:
            raise CorrectionError(
                f"correction_id {made.correction_id} is that of {_in_words(made)}; "
                "expected a new one"
            )
        return made

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
        log = await self._store.read(change.device, max(0, start - GAP_NS), end)
        before = runs(log, row, start, end)
        if change.action == "confirm":
            after = _as_logged(log, row, after)
        if undone is not None:
            without = [c for c in log.corrections if c.correction_id != undone.correction_id]
            after = filled_in(runs(_corrected_by(log, without), row, start, end), start, end)
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
            raise CorrectionError(first_problem(error)) from error

    async def _undone(self, change: Change) -> Correction:
        if change.undoes is None:
            raise CorrectionError("undoes is missing; expected the id of a correction")
        every = await self._store.corrections(change.device, 0, END_OF_TIME_NS)
        known = {each.correction_id: each for each in every}
        if change.undoes not in known:
            raise CorrectionError(f"correction {change.undoes} is unknown; expected one of the log")
        undone = known[change.undoes]
        undos = [each.created_ns for each in every if each.undoes == change.undoes]
        # An undo that was taken back itself leaves what it undid in force.
        standing = {each.correction_id for each in in_force(every)}
        if undos and (undone.action == "undo" or change.undoes not in standing):
            raise CorrectionError(
                f"{_in_words(undone)} was taken back already, at {iso(max(undos))}; "
                "expected one that stands"
            )
        return undone

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
            raise CorrectionError(first_problem(error)) from error


def _as_logged(log: Log, row: Row, asked: list[NamedSpan]) -> list[NamedSpan]:
    """Return the span's parts with the log's labels, unlabelled where the log has none.

    Raises `CorrectionError` if the labels asked for are not those of the log.
    """
    if len(asked) != 1:
        raise CorrectionError(f"action 'confirm' has {len(asked)} parts; expected one")
    [seen] = asked
    where = _when(seen)
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
    after = filled_in(logged, seen.start_ns, seen.end_ns)
    if not any(each.labels for each in after):
        raise CorrectionError(
            f"{where} has over {MAX_RUNS} changes of {row}; expected a shorter span"
        )
    return after


def _corrected_by(log: Log, corrections: list[Correction]) -> Log:
    bare = {"corrected": None}
    return apply_corrections(
        [record.model_copy(update=bare) for record in log.scenarios],
        [record.model_copy(update=bare) for record in log.activities],
        corrections,
    )


def _names(spans: Iterable[NamedSpan]) -> str:
    return ", ".join(dict.fromkeys(name for span in spans for name in span.labels)) or "nothing"


def _when(span: Correction | NamedSpan) -> str:
    return f"{iso(span.start_ns)} to {iso(span.end_ns)}"


def _parts(correction: Correction) -> tuple[str, str, str]:
    """Return a correction's span, and its names before and after, as text."""
    return _when(correction), _names(correction.before), _names(correction.after)


def _in_words(correction: Correction) -> str:
    """Return a correction as the subject of a sentence: wearers know none by its id."""
    span, before, after = _parts(correction)
    if correction.action == "note":
        return f"the note {correction.note[:40]!r} on {span}"
    if correction.action == "confirm":
        return f"the confirmation of {after!r} from {span}"
    if correction.action == "undo":
        return f"the undo that left {after!r} from {span}"
    return f"the correction '{before} → {after}' from {span}"


def correction_line(correction: Correction) -> str:
    """Return a correction as one line for people."""
    span, before, after = _parts(correction)
    if correction.action == "note":
        return f"note on {span}: {correction.note}"
    if correction.action == "confirm":
        return f"confirm {span}: {after}"
    return f"{correction.action} {span}: {before} → {after}"
