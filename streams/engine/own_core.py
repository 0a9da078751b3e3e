"""The core on which a worker keeps all its threads (`EGOLOG_CPU_AFFINITY`).

Threads of one interpreter mostly take turns. Where the next one runs on another core, that core has
to be woken and has none of the data in its caches: on one core the same work of simulated wearers
takes about a tenth less CPU time. To let the networks' threads alone run elsewhere saves half as
much.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import SettingsError
from infra.settings import env_name
from streams.engine.core_order import in_order

if TYPE_CHECKING:
    from collections.abc import Collection

AUTO, OFF = "auto", "off"
# The name of a claim, before the number of its core.
_CLAIM = "\0egolog-core-"


@dataclass(frozen=True)
class OwnCore:
    """The core that this process has taken, None for none, and what the log says of it.

    `_claim` is what other workers see; `_before` are the cores of the thread that has taken it.
    """

    core: int | None
    says: str
    _claim: socket.socket | None = None
    _before: frozenset[int] = frozenset()

    @classmethod
    def take(cls, setting: str) -> OwnCore:
        """Keep the calling thread, and all that it starts from now on, on one core.

        `auto` takes the first core, in the order of `streams.engine.core_order`, that no other
        worker has; where there is none, or no choice, or the system refuses, nothing changes. Child
        processes inherit the core too, so services are started before.

        Raises `SettingsError` as `check` does, and for a core that the system refuses.
        """
        check(setting)
        if setting == OFF:
            return cls(None, "threads run on any core")
        if sys.platform != "linux":
            return cls(None, "threads run on any core: this system keeps no process on one")
        try:
            return cls._free() if setting == AUTO else cls._kept(int(setting), _tried(int(setting)))
        except OSError as error:
            why = str(error.strerror).lower()
            if setting != AUTO:
                raise _refused(setting, f"the system refuses it: {why}") from None
            return cls(None, f"threads run on any core: the system refuses one ({why})")

    def close(self) -> None:
        """Let another worker have the core, and the calling thread the cores it had before."""
        if self._before:
            with suppress(OSError):
                os.sched_setaffinity(0, self._before)
        if self._claim is not None:
            self._claim.close()

    @classmethod
    def _free(cls) -> OwnCore:
        assert sys.platform == "linux"  # noqa: S101 - narrows a type, checks nothing
        allowed = os.sched_getaffinity(0)
        if len(allowed) == 1:
            (only,) = allowed
            # Claimed too, or a worker with a choice would take the same one.
            return cls(None, f"threads run on core {only}, the only one allowed", _tried(only))
        for core in in_order(allowed):
            claim = _claimed(core)
            if claim is not None:
                return cls._kept(core, claim)
        return cls(None, f"threads run on any core: other workers have {_listed(allowed)}")

    @classmethod
    def _kept(cls, core: int, claim: socket.socket | None) -> OwnCore:
        assert sys.platform == "linux"  # noqa: S101 - narrows a type, checks nothing
        before = frozenset(os.sched_getaffinity(0))
        try:
            os.sched_setaffinity(0, {core})
        except OSError:
            if claim is not None:
                claim.close()
            raise
        return cls(core, f"threads stay on core {core}", claim, before)


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
    except OSError as error:
        claim.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return claim


def _tried(core: int) -> socket.socket | None:
    """Return what claims a core that is used in any case, None if it cannot be claimed."""
    with suppress(OSError):
        return _claimed(core)
    return None


def _refused(value: str, why: str) -> SettingsError:
    return SettingsError(
        f"setting {env_name('cpu_affinity')} has value '{value}': expected auto, off or the number "
        f"of a core ({why})"
    )


def _listed(cores: Collection[int]) -> str:
    return f"core{'s' if len(cores) > 1 else ''} {', '.join(map(str, sorted(cores)))}"
