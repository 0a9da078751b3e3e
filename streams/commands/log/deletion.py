"""`log delete`: deletes records of a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.cli import argument, option

from infra.device_state.window_pictures import WindowPictures
from streams.commands.log.span import FROM, TO, span_of
from streams.commands.log.store import open_store, refuse_unknown

if TYPE_CHECKING:
    from streams.commands.groups import ActionGroup
    from streams.engine.app import EgoLogApp


def register(group: ActionGroup, app: EgoLogApp) -> None:
    """Add `log delete`."""

    @group.action(
        "delete",
        argument("device"),
        FROM,
        TO,
        option("--dry-run", is_flag=True, help="Only print what would be deleted."),
    )
    async def delete(device: str, from_: str | None, to: str | None, dry_run: bool) -> None:
        """Delete the records of a device, or those that start in a span."""
        span = span_of(from_, to)
        async with open_store(app) as store:
            await refuse_unknown(store, device)
            count = store.count_between if dry_run else store.delete
            counts = await count(device, *span)
            if not dry_run:
                await WindowPictures.of(store).delete(device, *span)
        print(
            f"{'would delete' if dry_run else 'deleted'} {counts.scenarios} scenarios "
            f"({counts.refined} refined) and {counts.activities} activities of {device!r}"
        )
