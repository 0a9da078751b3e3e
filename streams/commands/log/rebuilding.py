"""`log rebuild`: restores the log from its topics."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from faust.cli import option

from infra.daily_log.rebuild import rebuild
from infra.redis.client import connect
from streams.commands.running_services import running
from streams.commands.times import time_ns

if TYPE_CHECKING:
    from streams.commands.groups import ActionGroup
    from streams.engine.app import EgoLogApp


def register(group: ActionGroup, app: EgoLogApp) -> None:
    """Add `log rebuild`."""

    @group.action(
        "rebuild",
        option("--from", "from_", help="Only records that start at this time or later, ISO 8601."),
        option("--device", help="Only of this device."),
    )
    async def rebuild_log(from_: str | None, device: str | None) -> None:
        """Rebuild the log from the topics, after the store lost it.

        Records get their former ids and the rest of their retention. Records that `log delete`
        deleted come back as long as the topics have them; those of erased devices do not.
        """
        # No worker needs it.
        from tqdm import tqdm

        settings = running(app.settings, "broker_url", "redis_url")
        begin = time_ns(from_) if from_ is not None else 0
        redis = await connect(settings)
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
