"""`log`: print, sum up, correct, delete and rebuild the daily log."""

from __future__ import annotations

import gzip
import pathlib
import sys
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING, Literal

from click import Path
from faust.cli import argument, option
from pydantic import ValidationError

from infra import topics
from infra.daily_log.archive import lines, pieces, restore
from infra.daily_log.corrections import in_force, in_order
from infra.daily_log.editing import Change, LogEditor, Part, described
from infra.daily_log.export import CsvTable, to_csv, to_json
from infra.daily_log.parquet import ParquetTable
from infra.daily_log.rebuild import rebuild
from infra.daily_log.said_again import say_again
from infra.daily_log.search import Hit, continued, find, of_scenario
from infra.daily_log.store import LogStore
from infra.daily_log.totals import totals
from infra.errors import InfraError
from infra.kept_features import KeptFeatures
from infra.redis_store import connect
from infra.topic_reader import publish
from models.labels import ACTIVITIES, SCENARIOS
from operators.questions import MAX_QUESTION_CHARS
from schemas.atomic_file import atomic_path
from schemas.correction import WEARER
from schemas.event_time import EXPECTED, iso, parse
from schemas.extras import MissingExtraError
from streams.commands.common import running, table
from streams.commands.groups import ActionGroup
from streams.engine.runtime import open_llm
from streams.web.parameters import ParameterError
from streams.web.questions import NOT_CONFIGURED, Question, answered
from streams.web.search import calendar_of, query_of, zone_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from zoneinfo import ZoneInfo

    from schemas import Correction
    from schemas.correction import Action
    from streams.engine.app import EgoLogApp

_ALL_TIME = (0, 2**62)
_FORMATS = {"csv": to_csv, "json": to_json}
_SEARCHED = (
    ("scenario", "Name of a scenario."),
    ("activity", "Name of an activity."),
    ("sound", "Name of a sound event."),
    ("where", "near, far, front, left, right, back; several with commas."),
    ("confidence-from", "Least confidence, 0 to 1."),
    ("confidence-below", "Confidence that is not reached, 0 to 1."),
    ("note", "Part of a note."),
)
_SHOWN_DEVICES = 5
_FROM = option("--from", "from_", help="First time, ISO 8601 (UTC where no offset is given).")
_TO = option("--to", "to", help="Time before which it ends, ISO 8601.")


class LogCommandError(InfraError):
    """What was asked of the log cannot be answered."""


def register(app: EgoLogApp) -> None:
    """Add the actions to the app; `log DEVICE` is short for `log show DEVICE`."""
    group = ActionGroup(app, "log", "Manage the daily log of a device.", default="show")

    @group.action(
        "show",
        argument("device"),
        option(
            "--format",
            "format_",
            metavar="[csv|json|ics|parquet]",
            default="csv",
            help="Output format.",
        ),
        _FROM,
        _TO,
        option("--scenario", help="Only what was logged as this scenario, by whoever named it."),
        option("--zone", help="Time zone by whose clock a calendar's events are given."),
        option("--summary", is_flag=True, help="Print totals by scenario and activity instead."),
    )
    async def show(
        device: str,
        format_: str,
        from_: str | None,
        to: str | None,
        scenario: str | None,
        zone: str | None,
        summary: bool,
    ) -> None:
        """Print the daily log of a device."""
        if format_ not in (*_FORMATS, "ics", "parquet"):
            raise LogCommandError(f"format is {format_!r}; expected csv, json, ics or parquet")
        span = _span(from_, to)
        if format_ == "parquet":
            parquet = _parquet()
            async with _store(app) as store:
                await _refuse_unknown(store, device)
                async for piece in pieces(store, device, *span):
                    sys.stdout.buffer.write(parquet.add(piece))
            sys.stdout.buffer.write(parquet.end())
            return
        if format_ == "ics":
            async with _store(app) as store:
                await _refuse_unknown(store, device)
                print(await calendar_of(store, device, *span, _zone(zone)), end="")
            return
        if format_ == "csv" and scenario is None and not summary:
            spreadsheet = CsvTable()
            async with _store(app) as store:
                await _refuse_unknown(store, device)
                async for piece in pieces(store, device, *span):
                    spreadsheet.widen(piece)
                print(spreadsheet.head(), end="")
                async for piece in pieces(store, device, *span):
                    print(spreadsheet.add(piece), end="")
            return
        async with _store(app) as store:
            await _refuse_unknown(store, device)
            log = await store.read(device, *span)
        if scenario is not None:
            log = of_scenario(log, scenario)
        if summary:
            rows = [
                (total.row, total.label, str(total.records), _clock(total.seconds))
                for total in totals(log)
            ]
            table(("row", "label", "records", "time"), rows)
        else:
            print(_FORMATS[format_](log), end="")

    @group.action(
        "search",
        argument("device"),
        argument("words", nargs=-1, metavar="WORD"),
        _FROM,
        _TO,
        *(option(f"--{name}", help=text) for name, text in _SEARCHED),
        option("--zone", default="UTC", help="Time zone of weekdays and hours."),
    )
    async def search(
        device: str,
        words: tuple[str, ...],
        from_: str | None,
        to: str | None,
        zone: str,
        **given: str | None,
    ) -> None:
        """Search a device's log: `log search glasses clapping near tuesday afternoon`."""
        asked = {"words": " ".join(words), "zone": zone}
        asked |= {name: value for name, value in given.items() if value is not None}
        try:
            query = query_of(asked)
        except ParameterError as error:
            raise LogCommandError(str(error)) from error
        if not query.asks:
            raise LogCommandError(f"search is for {asked['words']!r}; expected something to find")
        hits: list[Hit] = []
        async with _store(app) as store:
            await _refuse_unknown(store, device)
            async for log in pieces(store, device, *_span(from_, to)):
                hits = continued(hits, find(log, query))
        rows = [
            (
                iso(hit.start_ns),
                iso(hit.end_ns),
                hit.scenario,
                ", ".join(hit.activities),
                ", ".join(hit.sounds),
            )
            for hit in hits
        ]
        table(("from", "to", "scenario", "activities", "sounds"), rows)
        if query.unknown_words:
            print(f"nothing is known of: {', '.join(query.unknown_words)}", file=sys.stderr)

    @group.action(
        "ask",
        argument("device"),
        argument("question", nargs=-1, required=True, metavar="WORD"),
        _FROM,
        _TO,
        option("--zone", default="UTC", help="Time zone by which times are meant and told."),
    )
    async def ask(
        device: str, question: tuple[str, ...], from_: str | None, to: str | None, zone: str
    ) -> None:
        """Ask the language model about a device's log: `log ask glasses when did I last cook`.

        It needs EGOLOG_LLM_API_KEY, and is sent what the log says, without notes and ids. The
        answer names the records that it rests on.
        """
        asked = _question(device, " ".join(question), zone)
        settings = running(app.settings, "redis_url")
        redis = await connect(settings)
        llm = open_llm(settings, redis)
        try:
            if llm is None:
                raise LogCommandError(NOT_CONFIGURED)
            store = LogStore(redis, settings.app_id, settings.log_retention_days)
            await _refuse_unknown(store, device)
            told = await answered(store, llm, asked, _span(from_, to))
        finally:
            if llm is not None:
                await llm.close()
            await redis.aclose()
        print(told.answer or "the log does not say")
        if told.left_out:
            print(f"not looked at: the {told.left_out} oldest blocks", file=sys.stderr)
        if told.records:
            rows = [(iso(hit.start_ns), iso(hit.end_ns), hit.scenario) for hit in told.records]
            table(("from", "to", "scenario"), rows)

    @group.action(
        "backup", argument("device"), argument("file", type=Path(dir_okay=False)), _FROM, _TO
    )
    async def backup(device: str, file: str, from_: str | None, to: str | None) -> None:
        """Write a device's log to a file that `log restore` reads; .gz is compressed."""
        count = 0
        async with _store(app) as store:
            await _refuse_unknown(store, device)
            with atomic_path(pathlib.Path(file)) as draft, _opened(draft, file, "wt") as out:
                async for line in lines(store, device, *_span(from_, to)):
                    out.write(f"{line}\n")
                    count += 1
        print(f"wrote {count - 1} records of {device!r} to {file}")

    @group.action("restore", argument("file", type=Path(exists=True, dir_okay=False)))
    async def restore_(file: str) -> None:
        """Read what `log backup`, or `log DEVICE --format json`, wrote into the store.

        Corrections that their topic lacks are published to it, so that they outlast the store.
        """
        said: list[Correction] = []
        async with _store(app) as store:
            with _opened(pathlib.Path(file), file, "rt") as text:
                counts = await restore(store, text, said)
        print(
            f"restored {counts.scenarios} scenarios ({counts.refined} refined) and "
            f"{counts.activities} activities"
        )
        if said:
            settings = running(app.settings, "broker_url")
            await topics.create(settings)
            published = await say_again(settings, said)
            print(f"restored {len(said)} corrections; {published} of them were published")

    @group.action(
        "correct",
        argument("device"),
        argument("labels", nargs=-1, metavar="LABEL"),
        option("--from", "from_", required=True, help="First time, ISO 8601."),
        option("--to", "to", required=True, help="Time before which it ends, ISO 8601."),
        option("--split", help="Time from which on the second LABEL holds."),
        option("--delete", "delete_", is_flag=True, help="Nothing was there."),
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
        """Say what went on in a span of a device's log.

        The log says it at once, also after a replay, and the scenario network learns from it.
        """
        first, end = _span(from_, to)
        parts = [Part(start=first, end=end, labels=list(labels[:1]))]
        action: Action = "delete" if delete_ else "correct" if labels else "note"
        if split is not None:
            at = event_time(split)
            if len(labels) != 2 or not first < at < end:
                raise LogCommandError(
                    f"--split {split} has {len(labels)} labels; expected two, and a time "
                    "within the span"
                )
            action = "split"
            parts = [
                Part(start=first, end=at, labels=[labels[0]]),
                Part(start=at, end=end, labels=[labels[1]]),
            ]
        elif len(labels) > 1:
            parts = [Part(start=first, end=end, labels=list(labels))]
        change = Change(
            device=device,
            action=action,
            row="activity" if activity else "scenario",
            parts=parts,
            note=note,
            author=author,
        )
        async with _editor(app, device) as editor:
            correction = await editor.change(change)
        print(f"{correction.correction_id} {described(correction)}")

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
        """Say that a device's log is right in a span, each record as it stands.

        It is learned from as a correction is; of what is unknown or missing nothing is said.
        """
        first, end = _span(from_, to)
        change = Change(
            device=device,
            action="confirm",
            row="activity" if activity else "scenario",
            parts=[Part(start=first, end=end)],
            note=note,
            author=author,
        )
        async with _editor(app, device) as editor:
            correction = await editor.change(change)
        print(f"{correction.correction_id} {described(correction)}")

    @group.action("undo", argument("device"), argument("correction"))
    async def undo(device: str, correction: str) -> None:
        """Take back a correction, by the id that `log corrections` prints."""
        change = Change.read({"device": device, "action": "undo", "undoes": correction})
        async with _editor(app, device) as editor:
            done = await editor.change(change)
        print(f"{done.correction_id} {described(done)}")

    @group.action("corrections", argument("device"), _FROM, _TO)
    async def corrections(device: str, from_: str | None, to: str | None) -> None:
        """List what was said of a device's log, also what was taken back."""
        span = _span(from_, to)
        async with _store(app) as store:
            every = in_order(await store.corrections(device, *span))
        standing = {each.correction_id for each in in_force(every)}
        rows = [
            (
                each.correction_id,
                iso(each.created_ns),
                each.author,
                "" if each.correction_id in standing or each.undoes else "taken back",
                described(each),
            )
            for each in every
        ]
        table(("correction", "made", "by", "state", "what"), rows)

    @group.action(
        "delete",
        argument("device"),
        _FROM,
        _TO,
        option("--dry-run", is_flag=True, help="Only print what would be deleted."),
    )
    async def delete(device: str, from_: str | None, to: str | None, dry_run: bool) -> None:
        """Delete the records of a device, or those that start in a span."""
        span = _span(from_, to)
        async with _store(app) as store:
            await _refuse_unknown(store, device)
            count = store.count_between if dry_run else store.delete
            counts = await count(device, *span)
            if not dry_run:
                await KeptFeatures.of(store).delete(device, *span)
        print(
            f"{'would delete' if dry_run else 'deleted'} {counts.scenarios} scenarios "
            f"({counts.refined} refined) and {counts.activities} activities of {device!r}"
        )

    @group.action(
        "rebuild",
        option("--from", "from_", help="Only records that start at this time or later, ISO 8601."),
        option("--device", help="Only of this device."),
    )
    async def rebuild_log(from_: str | None, device: str | None) -> None:
        """Write the log anew from the topics, after the store lost it.

        Records get the ids that they had, and as long to live as is left of their retention. What
        `log delete` deleted comes back, as long as the topics have it; what of erased devices is
        still there does not.
        """
        # No worker needs it.
        from tqdm import tqdm

        settings = running(app.settings, "broker_url", "redis_url")
        redis = await connect(settings)
        begin = event_time(from_) if from_ is not None else 0
        try:
            with tqdm(unit=" records", desc="rebuild", disable=None) as bar:

                def on_progress(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                rebuilt = await rebuild(settings, redis, begin, device, on_progress)
        finally:
            await redis.aclose()
        print(
            f"rebuilt {rebuilt.scenarios} scenarios ({rebuilt.refined} refined) and "
            f"{rebuilt.activities} activities of {rebuilt.devices} device(s), and "
            f"{rebuilt.corrections} corrections"
        )
        if rebuilt.skipped:
            print(f"skipped {rebuilt.skipped} messages that do not decode", file=sys.stderr)


def _question(device: str, words: str, zone: str) -> Question:
    try:
        zone_of({"zone": zone})
        return Question(device=device, question=words, zone=zone)
    except (ParameterError, ValidationError) as error:
        raise LogCommandError(
            f"question is {words[:80]!r} in zone {zone[:64]!r}; expected 1 to "
            f"{MAX_QUESTION_CHARS} characters and a zone as Europe/Berlin"
        ) from error


def event_time(text: str) -> int:
    """Return a time that was typed as ns since the epoch.

    Raises `LogCommandError` where it is none.
    """
    try:
        return parse(text)
    except ValueError as error:
        raise LogCommandError(f"time is {text!r}; expected {EXPECTED}") from error


def _span(from_: str | None, to: str | None) -> tuple[int, int]:
    first, end = _ALL_TIME
    first = event_time(from_) if from_ is not None else first
    end = event_time(to) if to is not None else end
    if first >= end:
        raise LogCommandError(f"--from is {from_}; expected a time before --to ({to})")
    return first, end


def _parquet() -> ParquetTable:
    if sys.stdout.isatty():
        raise LogCommandError("format parquet is no text; expected it to go to a file")
    try:
        return ParquetTable()
    except MissingExtraError as error:
        raise LogCommandError(str(error)) from error


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else zone_of({"zone": name})
    except ParameterError as error:
        raise LogCommandError(f"--zone is {name!r}; expected {error.expected}") from error


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _opened(path: pathlib.Path, name: str, mode: Literal["rt", "wt"]) -> IO[str]:
    if name.endswith(".gz"):
        return gzip.open(path, mode, encoding="utf-8")
    return path.open(mode, encoding="utf-8")


@asynccontextmanager
async def _editor(app: EgoLogApp, device: str) -> AsyncIterator[LogEditor]:
    settings = running(running(app.settings, "redis_url"), "broker_url")
    await topics.create(settings)
    async with _store(app) as store:
        await _refuse_unknown(store, device)

        async def publish_it(correction: Correction) -> None:
            await publish(
                settings,
                topics.CORRECTIONS,
                correction.correction_id,
                correction.encode(),
                beside=device,
            )

        yield LogEditor(store, publish_it, {"scenario": SCENARIOS, "activity": ACTIVITIES})


@asynccontextmanager
async def _store(app: EgoLogApp) -> AsyncIterator[LogStore]:
    settings = running(app.settings, "redis_url")
    redis = await connect(settings)
    try:
        yield LogStore(redis, settings.app_id, settings.log_retention_days)
    finally:
        await redis.aclose()


async def _refuse_unknown(store: LogStore, device: str) -> None:
    if any(await store.count(device)):
        return
    known = [summary.device_id for summary in await store.devices()]
    some = ", ".join(known[:_SHOWN_DEVICES]) + (", ..." if len(known) > _SHOWN_DEVICES else "")
    raise LogCommandError(f"device {device!r} has no log; expected one of: {some or 'none yet'}")
