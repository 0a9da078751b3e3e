"""The Redis keys of the daily log."""

from __future__ import annotations

from dataclasses import dataclass

from infra.redis.erasure_marks import marks_key

ROWS = ("scenario", "refined", "activity")
# The rows that are read as a log; refined records are merged into their scenarios.
SHOWN = ("scenario", "activity")


@dataclass(frozen=True)
class LogKeys:
    """The keys of one app's log, all of which begin with `prefix`."""

    prefix: str

    @property
    def devices(self) -> str:
        """The set of devices that ever had a record."""
        return f"{self.prefix}:devices"

    @property
    def erased(self) -> str:
        """The marks of erased devices, see `infra.redis.erasure_marks`."""
        return marks_key(self.prefix)

    def of(self, device: str) -> list[str]:
        """Return the keys of a device's records, in the order of `infra.daily_log.scripts`."""
        return [
            *(self.index(row, device) for row in ROWS),
            *(self.data(row, device) for row in ROWS),
            *(self.by_write_time(row, device) for row in ROWS),
            self.changes(device),
            self.revision(device),
        ]

    def beside(self, device: str) -> list[str]:
        """Return the keys of a device that do not expire with its records."""
        return [
            self.index("correction", device),
            self.data("correction", device),
            self.rollup(device),
        ]

    def index(self, row: str, device: str) -> str:
        """Return the sorted set of ids by start, µs."""
        return f"{self.prefix}:{row}:index:{device}"

    def data(self, row: str, device: str) -> str:
        """Return the hash from id to record."""
        return f"{self.prefix}:{row}:data:{device}"

    def by_write_time(self, row: str, device: str) -> str:
        """Return the sorted set of ids by time of writing, µs."""
        return f"{self.prefix}:{row}:written:{device}"

    def rollup(self, device: str) -> str:
        """Return the hash of the cached summaries of hours."""
        return f"{self.prefix}:rollup:{device}"

    def changes(self, device: str) -> str:
        """Return the sorted set of buckets by the revision of their last write."""
        return f"{self.prefix}:changes:{device}"

    def revision(self, device: str) -> str:
        """Return the counter of revisions."""
        return f"{self.prefix}:revision:{device}"
