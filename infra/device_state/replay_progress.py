"""How far recordings were replayed from this machine, for `replay --resume`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from infra.errors import InfraError
from infra.local.file_lock import locked
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = TypeAdapter(dict[str, float])


class ReplayProgressError(InfraError):
    """The file cannot be read."""


class ReplayProgress:
    """Event seconds that were sent, by device, session and loop: `replay.json` in the run folder.

    Several replays may note theirs there at once. Raises `ReplayProgressError` if there is such a
    file that this did not write, and `ServiceError` where its disk locks no files.
    """

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "replay.json"
        self._done_s = self._read()

    def done_s(self, device: str, session: str, loop: int) -> float:
        """Return the seconds that were sent of one loop of a recording; 0 if none were."""
        return self._done_s.get(_key(device, session, loop), 0.0)

    def note(self, device: str, session: str, loop: int, done_s: float) -> None:
        """Store the seconds that were sent of one loop of a recording."""
        with self._changing():
            self._done_s[_key(device, session, loop)] = done_s

    def forget_device(self, device: str) -> int:
        """Delete a device's entries; return how many there were."""
        if not self._path.is_file():
            return 0
        with self._changing():
            own = [key for key in self._done_s if key.partition("/")[0] == device]
            for key in own:
                del self._done_s[key]
        return len(own)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Change what the file has now, which other replays and erasures write too."""
        with locked(self._path.with_name(f"{self._path.name}.lock")):
            before = self._read()
            self._done_s = dict(before)
            yield
            if self._done_s != before:
                write_atomically(self._path, _SECONDS.dump_json(self._done_s))

    def _read(self) -> dict[str, float]:
        try:
            return _SECONDS.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValidationError as error:
            raise ReplayProgressError(
                f"file {self._path} holds no progress of replays: expected the file that "
                "`replay` wrote; delete it to begin a new one"
            ) from error


def _key(device: str, session: str, loop: int) -> str:
    return f"{device}/{session}/{loop}"
