"""The id by which a worker that was killed takes its place in its group again.

It is of this host, and of a file in the run folder. So a container that is started again keeps it,
and a new pod, or a copy of the folder on another host, has one of its own.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import secrets
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

_OWN = re.compile(rb"[0-9a-f]{16}")
# Kafka permits these kinds of characters, and 249 of them.
_NOT_PERMITTED = re.compile(r"[^A-Za-z0-9._-]")
_HOST_MAX = 63


class MemberId:
    """The id of a file, held until the process ends.

    `value` is None while another process has it, and where the file cannot be written or locked,
    with a line of log.
    """

    def __init__(self, path: Path) -> None:
        self.value: str | None = None
        self._file: int | None = None
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            host = _NOT_PERMITTED.sub("-", socket.gethostname())[:_HOST_MAX]
            self.value = f"{host}-{path.name}-{_own(self._file)}"
        except BlockingIOError:
            log.warning("%s is another worker's place in the group: joining as a new member", path)
        except OSError as error:
            log.warning(
                "%s keeps no place in the group (%s): joining as a new member, which is missed for "
                "its session if it is killed",
                *(path, (error.strerror or str(error)).lower()),
            )

    def close(self) -> None:
        """Let another process have the id."""
        if self._file is not None:
            os.close(self._file)
        self.value = self._file = None


def _own(file: int) -> str:
    """Return what tells this file from all others; made at random if it is not there."""
    own = os.pread(file, 32, 0)
    if not _OWN.fullmatch(own):
        own = secrets.token_hex(8).encode()
        os.ftruncate(file, 0)
        os.pwrite(file, own, 0)
    return own.decode()
