"""`replay` and `simulate`: publish recordings as devices would."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from faust.cli import argument, option

from infra import topics
from infra.broker import broker_topics, fleet, permissions, topic_creation
from infra.broker.topic_reader import read_letters
from infra.daily_log.store import LogStore
from infra.errors import InfraError
from infra.redis.client import connect
from models.network.windows import SCENARIO_WINDOW_S
from schemas.frames import NS
from schemas.ids import EXPECTED_ID, is_id
from schemas.position import POSITIONS
from streams.commands.error_lines import one_line_errors
from streams.commands.running_services import running
from streams.producers.outcome import follow
from streams.producers.replay import Replay, ReplayOptions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from infra.settings import Settings
    from models.recordings.protocol import Recording
    from schemas.position import Position
    from streams.engine.app import EgoLogApp
    from streams.producers.outcome import PublishedWindows

# Recorded seconds, how many of them a second, time left.
_BAR_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} s recorded, {rate_noinv_fmt}, {remaining} left"


class Speed(click.ParamType):
    """A factor, or `max`."""

    name = "factor|max"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | None:
        """Return the factor, None for `max`."""
        if value in (None, "max"):
            return None
        try:
            factor = float(value)
        except ValueError:
            factor = 0.0
        if not factor > 0:
            self.fail(f"speed is {value!r}; expected a factor greater than 0, or max", param, ctx)
        return factor


class Identifier(click.ParamType):
    """The id of a device or a session."""

    name = "id"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return the id."""
        if not is_id(value):
            self.fail(f"id is {value[:80]!r}; expected {EXPECTED_ID}", param, ctx)
        return str(value)


POSITION_OPTION = option(
    "--position",
    type=click.Choice(POSITIONS),
    default=None,
    help="Where on the body the device is worn, instead of the recording's own position.",
)

SHARED_OPTIONS = (
    option(
        "--speed",
        type=Speed(),
        default="1",
        help="Playback speed: a factor of real time, or max.",
    ),
    option(
        "--devices",
        type=click.IntRange(1, 10_000),
        default=1,
        help="Number of simulated devices that replay the same recordings.",
    ),
    # Not `--loop`: Faust consumes that option and its value wherever it is on the command line.
    option(
        "--repeat/--no-repeat",
        "endless",
        default=False,
        help="Repeat until Ctrl-C, each time as a new session.",
    ),
    option("--resume/--no-resume", default=False, help="Resume where the last replay stopped."),
    option(
        "--device",
        type=Identifier(),
        default=None,
        help="Device id to publish under, instead of the recording's own.",
    ),
    option(
        "--session",
        type=Identifier(),
        default=None,
        help="Session id to publish under, instead of the recording's own.",
    ),
    POSITION_OPTION,
)


def register(app: EgoLogApp) -> None:
    """Add the commands to the app."""

    @app.command(
        argument("specs", nargs=-1, required=True, metavar="SPEC..."),
        option(
            "--data",
            type=click.Path(path_type=Path),
            default=None,
            help="Folder of the data sets; without it, EGOLOG_SHARED_DATA.",
        ),
        *SHARED_OPTIONS,
    )
    @one_line_errors
    async def replay_command(
        specs: tuple[str, ...],
        data: Path | None,
        **options: Any,
    ) -> None:
        """Replay recordings into the topics.

        A SPEC is import:PATH, folder:PATH or simulated:SEED[:MINUTES]; hapt:USER,
        classyglass:USER, wisdm-phone:USER, wisdm-watch:USER, composed:USER[:SEED] or
        composed-day:SEED[:MINUTES], which read their files below --data (USER of hapt and
        classyglass may be `all`); or ego4d:DIR[#VIDEO_UID], egoadl:DIR[#USER],
        samosa:DIR[#PARTICIPANT] or self-collected:DIR[#DEVICE/USER/SESSION].
        """
        recordings = [r for spec in specs for r in _open(spec, data)]
        await publish(app, recordings, **options)

    @app.command(
        option("--seed", type=int, default=0, help="Seed of the day and its wearer."),
        option(
            "--minutes",
            type=click.FloatRange(1, 1440),
            default=24.0,
            help="Length of the day, minutes.",
        ),
        *SHARED_OPTIONS,
    )
    @one_line_errors
    async def simulate_command(seed: int, minutes: float, **options: Any) -> None:
        """Replay a simulated day into the topics."""
        await publish(app, _open(f"simulated:{seed}:{minutes:g}", None), **options)


def _open(spec: str, data: Path | None) -> list[Recording]:
    # The readers pull in scipy and soundfile, which a worker of the same app does not need.
    from models.recordings.shared_data import data_folder
    from streams.producers.recordings import open_recordings

    return open_recordings(spec, data_folder(data))


async def publish(
    app: EgoLogApp,
    recordings: list[Recording],
    *,
    speed: float | None,
    devices: int = 1,
    endless: bool = False,
    resume: bool = False,
    device: str | None = None,
    session: str | None = None,
    position: Position | None = None,
) -> None:
    """Publish recordings with a progress bar, and print how many records came of them.

    Raises `BrokerError`.
    """
    settings = running(app.settings, "broker_url")
    await permissions.require(settings, "device")
    # The role of devices sees no other topics.
    await topic_creation.create(settings, topics.RAW)
    options = ReplayOptions(
        speed=speed,
        devices=devices,
        loops=None if endless else 1,
        device=device,
        session=session,
        resume=resume,
        position=position,
    )
    # No worker needs it.
    from tqdm import tqdm

    listed: set[str] = set()
    list_skipped(recordings, listed)
    in_log = await _in_log(settings, recordings, options)
    total = sum(recording.duration_s for recording in recordings)
    before: dict[str, float] = {}
    with tqdm(
        total=round(total), unit=" s", desc="replay", disable=None, bar_format=_BAR_FORMAT
    ) as bar:

        def on_progress(recording: Recording, seconds: float) -> None:
            name = recording.name
            bar.update(max(0, round(seconds) - round(before.get(name, 0.0))))
            before[name] = max(seconds, before.get(name, 0.0))

        replay = Replay(settings, options)
        try:
            report = await replay.run(recordings, on_progress)
        except asyncio.CancelledError:
            bar.close()
            if not endless:
                print(
                    f"{replay.report.frames} frames were sent: run this again to send all, none is "
                    "logged twice",
                    file=sys.stderr,
                )
            raise
    list_skipped(recordings, listed)
    count = len({options.published_as(recording)[0] for recording in recordings}) * devices
    print(
        f"replayed {len(recordings)} recording(s) of {total:.0f} s for {count} device(s): "
        f"{report.frames} frames",
        flush=True,
    )
    await _print_outcome(settings, replay.published, in_log)


async def _in_log(
    settings: Settings, recordings: Sequence[Recording], options: ReplayOptions
) -> set[str]:
    """Return the ids of windows of the recordings' times in the log; none if it is not reached."""
    ids: set[str] = set()
    try:
        async with await connect(running(settings, "redis_url")) as redis:
            log = LogStore(redis, settings.app_id, settings.log_retention_days)
            for recording in recordings:
                from_ns = recording.start_ns - SCENARIO_WINDOW_S * NS
                to_ns = recording.start_ns + round(recording.duration_s * NS)
                device, _ = options.published_as(recording)
                ids |= await log.window_ids(device, from_ns, to_ns)
    except InfraError:
        # A device's role reaches the broker alone.
        return set()
    return ids


async def _print_outcome(
    settings: Settings, published: PublishedWindows, in_log: Collection[str] = ()
) -> None:
    """Print the windows, records and dead letters of what was published."""
    if not published.sessions:
        return
    try:
        async with await connect(running(settings, "redis_url")) as redis:
            await broker_topics.require(settings, topics.DEAD_LETTER)
            log = LogStore(redis, settings.app_id, settings.log_retention_days)
            became = await follow(published, log, lambda: read_letters(settings), before=in_log)
            if not (became.complete or became.answered):
                became = replace(became, workers=await _workers(settings))
    except InfraError as error:
        print(f"what became of it is not known: {error}", file=sys.stderr)
        return
    print("\n".join(became.lines()), flush=True)


async def _workers(settings: Settings) -> list[str] | None:
    """Return who is in the workers' group, None if the broker does not tell this login."""
    try:
        _, members = await fleet.members(settings)
    except InfraError:
        return None
    return [each.name for each in members]


def list_skipped(recordings: list[Recording], listed: set[str]) -> None:
    """List the skipped files with the reason, each once."""
    from models.recordings.folder import FolderRecording
    from models.recordings.imports.recording import ImportedRecording
    from models.recordings.session import SessionRecording

    imported = [recording for recording in recordings if isinstance(recording, ImportedRecording)]
    lines = [f"skipped: {line}" for recording in imported for line in recording.report.lines()]
    for recording in recordings:
        if isinstance(recording, FolderRecording):
            lines += recording.report.lines()
        elif isinstance(recording, SessionRecording):
            lines += [f"skipped: {line}" for line in recording.report.lines()]
    for line in dict.fromkeys(lines):
        if line not in listed:
            listed.add(line)
            print(line, file=sys.stderr)
