"""The core on which a worker keeps all its threads (`EGOLOG_CPU_AFFINITY`).

Threads of one interpreter mostly run one at a time. If the next one runs on another core, that core
has to wake up with cold caches: on a single core the same work of simulated wearers takes about a
tenth less CPU time. Letting only the networks' threads run elsewhere saves half as much.
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
# A claim's socket name, up to the number of the core.
_CLAIM = "\0egolog-core-"


@dataclass(frozen=True)
class OwnCore:
    """The core that this process keeps to, if any, and a line about it for the log.

    `_claim` is visible to other workers; `_before` is the calling thread's earlier affinity.
    """

    core: int | None
    says: str
    _claim: socket.socket | None = None
    _before: frozenset[int] = frozenset()

    @classmethod
    def take(cls, setting: str) -> OwnCore:
        """Pin the calling thread, and all threads that it starts later, to one core.

        `auto` takes the first core, in the order of `streams.engine.core_order`, that no other
        worker has claimed; if there is none, only one is allowed or the system refuses, nothing is
        pinned. Child processes inherit the core, so start services before.

        Raises `SettingsError` as `check` does, and for a core that the system refuses.
        """
        check(setting)
        if setting == OFF:
            return cls(None, "threads run on any core")
        if sys.platform != "linux":
            return cls(None, "threads run on any core: this system keeps no process on one")
        try:
            return (
                cls._free() if setting == AUTO else cls._pin(int(setting), _try_claim(int(setting)))
            )
        except OSError as error:
            why = str(error.strerror).lower()
            if setting != AUTO:
                raise _setting_error(setting, f"the system refuses it: {why}") from None
            return cls(None, f"threads run on any core: the system refuses one ({why})")

    def close(self) -> None:
        """Give up the claim and restore the calling thread's earlier affinity."""
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
            # Claimed all the same, so that a worker with a choice takes another one.
            return cls(None, f"threads run on core {only}, the only one allowed", _try_claim(only))
        for core in in_order(allowed):
            claim = _claim(core)
            if claim is not None:
                return cls._pin(core, claim)
        return cls(None, f"threads run on any core: other workers have {_core_names(allowed)}")

    @classmethod
    def _pin(cls, core: int, claim: socket.socket | None) -> OwnCore:
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
    """Raise `SettingsError` if the setting names a core that this process may not use."""
    if setting in (AUTO, OFF):
        return
    if sys.platform != "linux":
        raise _setting_error(setting, "this system keeps no process on a core")
    allowed = os.sched_getaffinity(0)
    if int(setting) not in allowed:
        raise _setting_error(setting, f"this process may use {_core_names(allowed)}")


def _claim(core: int) -> socket.socket | None:
    """Claim a core among this machine's workers; return None if another worker has claimed it.

    The claim is an abstract socket: a name without a file, which ends with its process and is
    visible across users. Containers with network namespaces of their own do not share names.
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


def _try_claim(core: int) -> socket.socket | None:
    """Claim a core that is used in any case; return None if that is not possible."""
    with suppress(OSError):
        return _claim(core)
    return None


def _setting_error(value: str, why: str) -> SettingsError:
    return SettingsError(
        f"setting {env_name('cpu_affinity')} has value '{value}': expected auto, off or the number "
        f"of a core ({why})"
    )


def _core_names(cores: Collection[int]) -> str:
    return f"core{'s' if len(cores) > 1 else ''} {', '.join(map(str, sorted(cores)))}"
