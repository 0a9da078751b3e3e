"""`log backup` and `log restore`: a device's log as a file."""

from __future__ import annotations

import gzip
import pathlib
import sys
from typing import IO, TYPE_CHECKING, Literal

from click import Path
from faust.cli import argument

from infra import topics
from infra.daily_log.archive import lines, restore
from infra.daily_log.export import ExportError
from infra.daily_log.republish import republish
from schemas.atomic_file import atomic_path
from streams.commands.log.span import FROM, TO, span_of
from streams.commands.log.store import open_store, refuse_unknown
from streams.commands.running_services import running

if TYPE_CHECKING:
    from schemas import Correction
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
        async with open_store(app) as store:
            try:
                with _open_text(pathlib.Path(file), file, "rt") as text:
                    counts, has_end = await restore(store, text, corrections)
            except ExportError as error:
                await _publish(app, corrections)
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


async def _publish(app: EgoLogApp, corrections: list[Correction]) -> None:
    """Publish restored corrections that are missing in their topic."""
    if corrections:
        settings = running(app.settings, "broker_url")
        await topics.create(settings)
        published = await republish(settings, corrections)
        print(f"restored {len(corrections)} corrections; {published} of them were published")


def _open_text(path: pathlib.Path, name: str, mode: Literal["rt", "wt"]) -> IO[str]:
    if name.endswith(".gz"):
        return gzip.open(path, mode, encoding="utf-8")
    return path.open(mode, encoding="utf-8")
