"""The core on which a worker keeps all its threads (`EGOLOG_CPU_AFFINITY`).

Threads of one interpreter mostly take turns. Where the next one runs on another core, that core has
to be woken and has none of the data in its caches: on one core the same work takes about a tenth
less CPU time. To let the networks' threads alone run elsewhere saves half as much.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import SettingsError
from infra.settings import env_name

if TYPE_CHECKING:
    from collections.abc import Collection

AUTO, OFF = "auto", "off"
# The name of a claim, before the number of its core.
_CLAIM = "\0egolog-core-"


@dataclass(frozen=True)
class OwnCore:
    """The core that this process has taken, None for none, and what the log says of it.

    `_claim` is what other workers see.
    """

    core: int | None
    says: str
    _claim: socket.socket | None = None

    @classmethod
    def take(cls, setting: str) -> OwnCore:
        """Keep the calling thread, and all that it starts from now on, on one core.

        `auto` takes the highest core that no other worker has, because interrupts mostly go to the
        lowest; where there is none, or no choice, nothing changes. Child processes inherit the core
        too, so services are started before.

        Raises `SettingsError` as `check` does.
        """
        check(setting)
        if setting == OFF:
            return cls(None, "threads run on any core")
        if sys.platform != "linux":
            return cls(None, "threads run on any core: this system keeps no process on one")
        if setting != AUTO:
            return cls._kept(int(setting), _claimed(int(setting)))
        allowed = os.sched_getaffinity(0)
        if len(allowed) == 1:
            return cls(None, f"threads run on core {min(allowed)}, the only one allowed")
        for core in sorted(allowed, reverse=True):
            claim = _claimed(core)
            if claim is not None:
                return cls._kept(core, claim)
        return cls(None, f"threads run on any core: other workers have {_listed(allowed)}")

    def close(self) -> None:
        """Let another worker have the core."""
        if self._claim is not None:
            self._claim.close()

    @classmethod
    def _kept(cls, core: int, claim: socket.socket | None) -> OwnCore:
        assert sys.platform == "linux"  # noqa: S101 - narrows a type, checks nothing
        os.sched_setaffinity(0, {core})
        return cls(core, f"threads stay on core {core}", claim)


def check(setting: str) -> None:
    """Raise `SettingsError` for a core that this process may not use."""
    if setting in (AUTO, OFF):
        return
    if sys.platform != "linux":
        raise _refused(setting, "this system keeps no process on a core")
    allowed = os.sched_getaffinity(0)
    if int(setting) not in allowed:
        raise _refused(setting, f"this process may use {_listed(allowed)}")


def _claimed(core: int) -> socket.socket | None:
    """Return what claims a core among this machine's workers, None if another one has it.

    An abstract socket is a name without a file: it ends with its process, and users without access
    to each other's files see it. Containers have names of their own.
    """
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"{_CLAIM}{core}")
    except OSError:
        claim.close()
        return None
    return claim


def _refused(value: str, why: str) -> SettingsError:
    return SettingsError(
        f"setting {env_name('cpu_affinity')} has value '{value}': expected auto, off or the number "
        f"of a core ({why})"
    )


def _listed(cores: Collection[int]) -> str:
    return f"core{'s' if len(cores) > 1 else ''} {', '.join(map(str, sorted(cores)))}"
