"""How far recordings were replayed from this machine, for `replay --resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from infra.errors import InfraError
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = TypeAdapter(dict[str, float])


class ReplayProgressError(InfraError):
    """The file cannot be read."""


class ReplayProgress:
    """Event seconds that were sent, by device, session and loop: `replay.json` in the run folder.

    Raises `ReplayProgressError` if there is such a file that this did not write.
    """

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "replay.json"
        self._done_s: dict[str, float] = {}
        if self._path.is_file():
            try:
                self._done_s = _SECONDS.validate_json(self._path.read_bytes())
            except ValidationError as error:
                raise ReplayProgressError(
                    f"file {self._path} holds no progress of replays: expected the file that "
                    "`replay` wrote; delete it to begin a new one"
                ) from error

    def done_s(self, device: str, session: str, loop: int) -> float:
        """Return the seconds that were sent of one loop of a recording; 0 if none were."""
        return self._done_s.get(_key(device, session, loop), 0.0)

    def note(self, device: str, session: str, loop: int, done_s: float) -> None:
        """Store the seconds that were sent of one loop of a recording."""
        self._done_s[_key(device, session, loop)] = done_s
        self._save()

    def forget_device(self, device: str) -> int:
        """Delete a device's entries; return how many there were."""
        own = [key for key in self._done_s if key.partition("/")[0] == device]
        for key in own:
            del self._done_s[key]
        if own:
            self._save()
        return len(own)

    def _save(self) -> None:
        write_atomically(self._path, _SECONDS.dump_json(self._done_s))


def _key(device: str, session: str, loop: int) -> str:
    return f"{device}/{session}/{loop}"
