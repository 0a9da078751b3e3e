"""`log backup` and `log restore`: a device's log as a file."""

from __future__ import annotations

import gzip
import pathlib
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Literal

from click import Path
from faust.cli import argument

from infra.broker import topic_creation
from infra.broker.device_control import read_controls
from infra.daily_log.archive import lines, restore
from infra.daily_log.export import ExportError
from infra.daily_log.republish import republish
from infra.errors import InfraError
from schemas.atomic_file import atomic_path
from schemas.event_time import NS_PER_MS, iso
from streams.commands.log.span import FROM, TO, span_of
from streams.commands.log.store import open_store, refuse_unknown
from streams.commands.running_services import running

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from infra.daily_log.archive import Row
    from schemas import Correction, DeviceControl
    from streams.commands.groups import ActionGroup
    from streams.engine.app import EgoLogApp


def register(group: ActionGroup, app: EgoLogApp) -> None:
    """Add `log backup` and `log restore`."""

    @group.action(
        "backup", argument("device"), argument("file", type=Path(dir_okay=False)), FROM, TO
    )
    async def backup(device: str, file: str, from_: str | None, to: str | None) -> None:
        """Write a device's log to a file for `log restore`; .gz is compressed."""
        count = 0
        async with open_store(app) as store:
            await refuse_unknown(store, device)
            with atomic_path(pathlib.Path(file)) as draft, _open_text(draft, file, "wt") as out:
                async for line in lines(store, device, *span_of(from_, to)):
                    out.write(f"{line}\n")
                    count += 1
        print(f"wrote {count - 2} records of {device!r} to {file}")

    @group.action("restore", argument("file", type=Path(exists=True, dir_okay=False)))
    async def restore_(file: str) -> None:
        """Restore a device's log from a file of `log backup`.

        Files of `log DEVICE --format json` work as well. Corrections that are missing in their
        topic are published again, so they outlast the store.
        """
        corrections: list[Correction] = []
        devices: set[str] = set()

        def take(rows: Sequence[Row]) -> None:
            corrections.extend(record for kind, record in rows if kind == "correction")
            devices.update(record.device_id for _, record in rows)

        async with open_store(app) as store:
            try:
                with _open_text(pathlib.Path(file), file, "rt") as text:
                    counts, has_end = await restore(store, text, take)
            except ExportError as error:
                await _publish(app, corrections)
                await _say_erased(app, devices)
                raise ExportError(f"file {file!r}: {error}") from error
        print(
            f"restored {counts.scenarios} scenarios ({counts.refined} refined) and "
            f"{counts.activities} activities"
        )
        if not has_end:
            print(
                f"file {file!r} has no end mark, like every backup of an earlier version: nothing "
                "shows whether it is whole",
                file=sys.stderr,
            )
        await _publish(app, corrections)
        await _say_erased(app, devices)


async def _say_erased(app: EgoLogApp, devices: Iterable[str]) -> None:
    """Say of devices that were erased what a restored log is; nothing where no broker can tell."""
    controls: dict[str, DeviceControl] = {}
    with suppress(InfraError):
        controls = await read_controls(running(app.settings, "broker_url"))
    for device in sorted(devices):
        control = controls.get(device)
        if control is None or control.erased_ms is None:
            continue
        at = iso(control.erased_ms * NS_PER_MS)
        still = (
            f"; what it sends is dropped until `devices resume {device}`"
            if control.state == "erased"
            else ""
        )
        print(
            f"device {device!r} was erased at {at}: its records are back in the store, but "
            f"`log rebuild` leaves them out{still}",
            file=sys.stderr,
        )


async def _publish(app: EgoLogApp, corrections: list[Correction]) -> None:
    """Publish restored corrections that are missing in their topic."""
    if corrections:
        settings = running(app.settings, "broker_url")
        await topic_creation.create(settings)
        published = await republish(settings, corrections)
        print(f"restored {len(corrections)} corrections; {published} of them were published")


def _open_text(path: pathlib.Path, name: str, mode: Literal["rt", "wt"]) -> IO[str]:
    if name.endswith(".gz"):
        return gzip.open(path, mode, encoding="utf-8")
    return path.open(mode, encoding="utf-8")
