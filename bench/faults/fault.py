"""The base class of faults, and the site that they disturb while a fleet sends."""

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
    """What a fault may break: services, workers and topics; `chance` is a seeded generator.

    `send` sends another fleet and compares its log with the calm run's. A fault adds its own
    comparisons to `changes`, and remarks for the report to `notes`.
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
    """One way to break a stream. The report shows `name`; `quick` ones are in the short run.

    With `own_topics` the trial gets its own topics, store keys and workers, because the fault
    changes them for good; with `own_disk` also its own services on small disks, and with
    `own_cluster` three brokers instead of one.
    """

    name: ClassVar[str]
    quick: ClassVar[bool] = False
    own_topics: ClassVar[bool] = False
    own_disk: ClassVar[bool] = False
    own_cluster: ClassVar[bool] = False

    @abstractmethod
    async def strike(self, site: Site) -> None:
        """Break the site while the fleet sends, and restore it."""

    async def after(self, site: Site) -> None:  # noqa: B027 - most faults leave nothing to do
        """Do what an operator would do after everything was sent."""
