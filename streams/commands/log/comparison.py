"""`log compare`: the log beside the labels of the recordings that it was made of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from faust.cli import argument, option

from infra.daily_log.agreement import Agreement
from infra.daily_log.records import LogActivity, LogScenario, leading
from models.labels import ACTIVITIES, SCENARIOS
from models.network.windows import SCENARIO_WINDOW_S
from models.recordings.window_truth import WindowTruth
from schemas.event_time import iso
from schemas.frames import NS
from schemas.windows import is_of_session
from streams.commands.log.span import LogCommandError
from streams.commands.log.store import open_store, refuse_unknown
from streams.commands.replay import list_skipped
from streams.commands.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.daily_log.records import Log
    from models.recordings.protocol import Recording, TruthKind
    from streams.commands.groups import ActionGroup
    from streams.engine.app import EgoLogApp

RecordT = TypeVar("RecordT", LogScenario, LogActivity)


def register(group: ActionGroup, app: EgoLogApp) -> None:
    """Add `log compare`."""

    @group.action(
        "compare",
        argument("specs", nargs=-1, required=True, metavar="SPEC..."),
        option("--device", help="Device whose log it is, instead of the recording's own."),
        option(
            "--start",
            help="Start that `import` was given for import:PATH, ISO 8601 with a zone.",
        ),
        option(
            "--data",
            type=click.Path(path_type=Path),
            default=None,
            help="Folder of the data sets; without it, EGOLOG_SHARED_DATA.",
        ),
    )
    async def compare(
        specs: tuple[str, ...], device: str | None, start: str | None, data: Path | None
    ) -> None:
        """Compare the log with the labels of the recordings that were replayed.

        A SPEC is one of `replay`, as folder:PATH with a truth.csv. Windows that are labelled for
        less than half of what was recorded of them, or that the wearer corrected, are left out; an
        unknown one is a mistake. Devices that have no log are skipped and listed.
        """
        comparison = Comparison()
        recordings = _open(specs, data, start)
        named = [(device or recording.device_id, recording) for recording in recordings]
        async with open_store(app) as store:
            logged = {name: any(await store.count(name)) for name in dict(named)}
            if not any(logged.values()):
                await refuse_unknown(store, *logged)
            for name, recording in named:
                if not logged[name]:
                    continue
                start_ns, end_ns = _span(recording)
                # The first windows begin before the recording does.
                log = await store.read(name, start_ns - SCENARIO_WINDOW_S * NS, end_ns)
                comparison.add(recording, log)
        for name, has_log in logged.items():
            if not has_log:
                print(f"skipped: device {name!r} has no log", file=sys.stderr)
        list_skipped(recordings, set())
        comparison.show()


def _open(specs: tuple[str, ...], data: Path | None, start: str | None) -> list[Recording]:
    # The readers pull in scipy and soundfile, which a worker of the same app does not need.
    from models.recordings.imports.recording_json import time_of
    from models.recordings.shared_data import data_folder
    from streams.producers.recordings import open_recordings

    start_ns = None if start is None else time_of(start)
    return [each for spec in specs for each in open_recordings(spec, data_folder(data), start_ns)]


def _span(recording: Recording) -> tuple[int, int]:
    return recording.start_ns, recording.start_ns + round(recording.duration_s * NS)


def _of_session(records: Sequence[RecordT], session: str) -> Sequence[RecordT]:
    """Return a session's records; all of them where it was replayed as another."""
    return [each for each in records if is_of_session(each.session_id, session)] or records


class Comparison:
    """Scenarios and activities of some recordings beside their labels."""

    def __init__(self) -> None:
        self.scenarios = Agreement()
        self.activities = Agreement()
        # What the network alone says, where a refiner had the last word.
        self.estimates = Agreement()
        self._labelled: list[tuple[int, int]] = []
        self._refined = 0

    def add(self, recording: Recording, log: Log) -> None:
        """Add the records of a recording's span; a window counts by its recorded part."""
        first_ns, last_ns = _span(recording)
        spans = [span for span in recording.truth() if span.kind in ("scenario", "activity")]
        self._labelled += [(span.start_ns, span.end_ns) for span in spans]
        truth = WindowTruth(spans)

        def labels(kind: TruthKind, record: LogScenario | LogActivity) -> list[str]:
            start_ns, end_ns = max(record.start_ns, first_ns), min(record.end_ns, last_ns)
            return truth.labels(kind, start_ns, end_ns) if start_ns < end_ns else []

        for record in _of_session(log.scenarios, recording.session_id):
            if record.corrected is None:
                truths = labels("scenario", record)
                self.scenarios.add(truths, record.leading)
                self._refined += bool(truths and record.refined_labels)
                estimate = "" if record.unknown else leading(record.scenarios)
                self.estimates.add(truths, estimate)
        for activity in _of_session(log.activities, recording.session_id):
            if activity.corrected is None:
                truths = labels("activity", activity)
                self.activities.add(truths, activity.leading)

    def show(self) -> None:
        """Print the figures; raises `LogCommandError` where there is nothing to compare."""
        if not self._labelled:
            raise LogCommandError(
                "recording has no label of a scenario or an activity; expected some, as in a "
                "truth.csv beside its files"
            )
        if not self.scenarios.total + self.activities.total:
            first, last = iso(min(self._labelled)[0]), iso(max(end for _, end in self._labelled))
            raise LogCommandError(
                f"no record lies in a labelled span, from {first} to {last}; expected the log of "
                "this recording: replay it, name the device that it was replayed as by --device, "
                "or name it as import:PATH if it was imported, with the --start that it was given"
            )
        rows = [
            (
                row,
                each.label,
                str(each.windows),
                f"{each.recall:.2f}",
                f"{each.precision:.2f}",
                each.mistaken_for,
            )
            for row, agreement in (("scenario", self.scenarios), ("activity", self.activities))
            for each in agreement.labels()
        ]
        table(("row", "label", "windows", "recall", "precision", "most often taken for"), rows)
        for name, agreement, labels in (
            ("scenarios", self.scenarios, SCENARIOS),
            ("activities", self.activities, ACTIVITIES),
        ):
            if agreement.total:
                print(f"{name}: {agreement}")
            known = agreement.among(labels)
            if 0 < known.total < agreement.total:
                print(f"{name} that the log has a name for: {known}")
        if self._refined:
            print(f"scenarios by the network alone ({self._refined} refined): {self.estimates}")
