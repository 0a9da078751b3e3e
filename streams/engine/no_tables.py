"""When a worker subscribes: this app has none of Faust's tables to wait for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from faust.tables.manager import TableManager

if TYPE_CHECKING:
    from faust.types.tables import CollectionT

log = logging.getLogger(__name__)


class NoTables(TableManager):
    """Lets a worker subscribe at once; Faust's own waits a second for tables to be added."""

    def add(self, table: CollectionT) -> CollectionT:
        """Refuse a table: what it holds would be read after the worker has subscribed."""
        raise RuntimeError(f"table {table.name!r} would start too late: this app starts without")

    async def on_start(self) -> None:
        """Go on as if the second were over, but after a killed worker once its session is."""
        app: Any = self.app
        rest_s = app.member_mark.remaining_s()
        if rest_s > 0:
            log.info("the worker before was killed: joining its group in %.1f s", rest_s)
            await self.sleep(rest_s)
        if not self.should_stop:
            app.add_future(app.member_mark.keep())
            await self._update_channels()
            await self.recovery.start()
