"""What every fault is: a name, what it does, and how it disturbs a site while a fleet sends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from bench.faults.log_comparison import Changes
    from bench.faults.services import BrokenServices
    from bench.faults.workers import Workers
    from infra.settings import Settings


@dataclass
class Site:
    """What a fault may break: services, workers and topics; `chance` is a seed's.

    `send` sends a further fleet and compares its log with the calm one's. What a fault compares
    itself goes to `changes`, what a reader should know of it to `notes`.
    """

    services: BrokenServices
    workers: Workers
    settings: Settings
    chance: Random
    send: Callable[[str], Awaitable[None]]
    changes: list[Changes] = field(default_factory=list)
    expected: int = 0
    notes: list[str] = field(default_factory=list)


class Fault(ABC):
    """One way to break a stream. A table shows `name`; `quick` ones are in the short run.

    With `own_topics` the trial has topics, store keys and workers of its own, because the fault
    leaves them otherwise than they were; with `own_disk` services too, on small disks.
    """

    name: ClassVar[str]
    quick: ClassVar[bool] = False
    own_topics: ClassVar[bool] = False
    own_disk: ClassVar[bool] = False

    @abstractmethod
    async def strike(self, site: Site) -> None:
        """Break the site, and leave it whole, while the fleet sends."""

    async def after(self, site: Site) -> None:  # noqa: B027 - most faults leave nothing to do
        """Do what an operator does once everything was sent."""
