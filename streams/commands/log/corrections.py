"""`log correct`, `confirm`, `undo` and `corrections`: the wearer's corrections of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.cli import argument, option

from infra.daily_log.change_request import Change, Part
from infra.daily_log.corrections import in_force, in_order
from infra.daily_log.editing import correction_line
from models.labels import ACTIVITIES, SCENARIOS
from schemas.correction import WEARER
from schemas.event_time import iso
from streams.commands.log.span import FROM, TO, LogCommandError, span_of
from streams.commands.log.store import editing, open_store
from streams.commands.tables import table
from streams.commands.times import time_ns

if TYPE_CHECKING:
    from schemas import Correction
    from schemas.correction import Action
    from streams.commands.groups import ActionGroup
    from streams.engine.app import EgoLogApp


def register(group: ActionGroup, app: EgoLogApp) -> None:
    """Add the actions that change a log."""
    _add_correct(group, app)
    _add_confirm(group, app)
    _add_undo(group, app)
    _add_list(group, app)


def _add_correct(group: ActionGroup, app: EgoLogApp) -> None:
    @group.action(
        "correct",
        argument("device"),
        argument("labels", nargs=-1, metavar="LABEL"),
        option("--from", "from_", required=True, help="First time, ISO 8601."),
        option("--to", "to", required=True, help="Time before which it ends, ISO 8601."),
        option("--split", help="Time at which the second LABEL begins."),
        option("--delete", "delete_", is_flag=True, help="Delete the span's labels."),
        option("--activity", is_flag=True, help="Correct the activities, not the scenario."),
        option("--note", default="", help="Note on the span; alone, it changes no label."),
        option("--author", default=WEARER, help="Who says so."),
    )
    async def correct(
        device: str,
        labels: tuple[str, ...],
        from_: str,
        to: str,
        split: str | None,
        delete_: bool,
        activity: bool,
        note: str,
        author: str,
    ) -> None:
        """Correct a span of a device's log.

        The log changes at once, and stays so after a replay; the scenario network learns from it.
        """
        action: Action = "delete" if delete_ else "correct" if labels else "note"
        if split is not None:
            action = "split"
        change = Change(
            device=device,
            action=action,
            row="activity" if activity else "scenario",
            parts=_parts(labels, span_of(from_, to), split),
            note=note,
            author=author,
        )
        async with editing(app, device) as editor:
            correction = await editor.change(change)
        print(f"{correction.correction_id} {correction_line(correction)}")
        for name in unknown_names(correction):
            print(f"{name!r} is not known to the networks: it is logged, and teaches nothing")


def _parts(labels: tuple[str, ...], span: tuple[int, int], split: str | None) -> list[Part]:
    """Return the labelled parts of a span, two where it is split; raises `LogCommandError`."""
    first, end = span
    if split is None:
        return [Part(start=first, end=end, labels=list(labels))]
    at = time_ns(split)
    if len(labels) != 2 or not first < at < end:
        raise LogCommandError(
            f"--split {split} has {len(labels)} labels; expected two, and a time within the span"
        )
    return [
        Part(start=first, end=at, labels=[labels[0]]),
        Part(start=at, end=end, labels=[labels[1]]),
    ]


def unknown_names(correction: Correction) -> list[str]:
    """Return the names that the wearer gave and no network outputs; they may be misspelled."""
    known = ACTIVITIES if correction.row == "activity" else SCENARIOS
    return sorted({name for span in correction.named for name in span.labels} - {*known})


def _add_confirm(group: ActionGroup, app: EgoLogApp) -> None:
    @group.action(
        "confirm",
        argument("device"),
        option("--from", "from_", required=True, help="First time, ISO 8601."),
        option("--to", "to", required=True, help="Time before which it ends, ISO 8601."),
        option("--activity", is_flag=True, help="Confirm the activities, not the scenario."),
        option("--note", default="", help="Note on the span."),
        option("--author", default=WEARER, help="Who says so."),
    )
    async def confirm(
        device: str, from_: str, to: str, activity: bool, note: str, author: str
    ) -> None:
        """Confirm the records of a device's log in a span.

        They are used for learning like corrections; unknown or missing labels are not confirmed.
        """
        first, end = span_of(from_, to)
        change = Change(
            device=device,
            action="confirm",
            row="activity" if activity else "scenario",
            parts=[Part(start=first, end=end)],
            note=note,
            author=author,
        )
        async with editing(app, device) as editor:
            correction = await editor.change(change)
        print(f"{correction.correction_id} {correction_line(correction)}")


def _add_undo(group: ActionGroup, app: EgoLogApp) -> None:
    @group.action("undo", argument("device"), argument("correction"))
    async def undo(device: str, correction: str) -> None:
        """Take back a correction, by the id that `log corrections` prints."""
        change = Change.parse({"device": device, "action": "undo", "undoes": correction})
        async with editing(app, device) as editor:
            done = await editor.change(change)
        print(f"{done.correction_id} {correction_line(done)}")


def _add_list(group: ActionGroup, app: EgoLogApp) -> None:
    @group.action("corrections", argument("device"), FROM, TO)
    async def corrections(device: str, from_: str | None, to: str | None) -> None:
        """List the corrections of a device's log, including those taken back."""
        span = span_of(from_, to)
        async with open_store(app) as store:
            every = in_order(await store.corrections(device, *span))
        standing = {each.correction_id for each in in_force(every)}
        rows = [
            (
                each.correction_id,
                iso(each.created_ns),
                each.author,
                "" if each.correction_id in standing or each.undoes else "taken back",
                correction_line(each),
            )
            for each in every
        ]
        table(("correction", "made", "by", "state", "what"), rows, empty="no corrections")
