"""When a worker subscribes: this app has none of Faust's tables to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.tables.manager import TableManager

if TYPE_CHECKING:
    from faust.types.tables import CollectionT


class NoTables(TableManager):
    """Lets a worker subscribe at once; Faust's own waits a second for tables to be added."""

    def add(self, table: CollectionT) -> CollectionT:
        """Refuse a table: what it holds would be read after the worker has subscribed."""
        raise RuntimeError(f"table {table.name!r} would start too late: this app starts without")

    async def on_start(self) -> None:
        """Go on as if the second were over."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()
