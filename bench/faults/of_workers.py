"""Faults of workers: killed, terminated, frozen, joining and leaving."""

from __future__ import annotations

import asyncio

from bench.faults.fault import Fault, Site
from bench.subjects.stepped_clock import step

# As a multiple of the session timeout, after which another worker has the partitions.
_BEYOND_SESSION = 2.0
# How long a worker that was frozen works on before the other is killed.
_GOES_ON_S = 1.0
_KILLS = 20
# Longer than the hour for which processed frames are kept.
_CLOCK_STEP_S = 7_200.0
_CLOCK_STAYS_S = 4.0


class KillOne(Fault):
    """The other worker takes over, and a supervisor restarts the killed one."""

    name = "kill -9 of one of two workers"
    quick = True

    async def strike(self, site: Site) -> None:
        """Kill the second worker and start it again once the first has its partitions."""
        site.workers.kill(1)
        await asyncio.sleep(_BEYOND_SESSION * site.settings.session_timeout_s)
        site.workers.spawn(1)


class KillOneStartedAtOnce(Fault):
    """A supervisor restarts the killed worker at once."""

    name = "kill -9 of one worker, started again at once"

    async def strike(self, site: Site) -> None:
        """Kill the second worker and start it again."""
        site.workers.kill(1)
        site.workers.spawn(1)
        await site.workers.ready()


class KillBoth(Fault):
    """No worker is left."""

    name = "kill -9 of both workers, started again at once"
    quick = True

    async def strike(self, site: Site) -> None:
        """Kill both and start both again."""
        for number in (0, 1):
            site.workers.kill(number)
        for number in (0, 1):
            site.workers.spawn(number)
        await site.workers.ready()


class KillAtRandom(Fault):
    """Random workers are killed one after the other, at random times."""

    name = f"kill -9 of a worker, {_KILLS} times at random"

    async def strike(self, site: Site) -> None:
        """Repeatedly kill a running worker, wait a random time and restart it."""
        for _ in range(_KILLS):
            number = site.chance.choice(site.workers.numbers)
            site.workers.kill(number)
            await asyncio.sleep(site.chance.uniform(0.0, 1.0))
            site.workers.spawn(number)
            await asyncio.sleep(site.chance.uniform(0.5, 5.0))
        await site.workers.ready()


class Terminate(Fault):
    """Workers are restarted one by one, as when rolling out a release."""

    name = "SIGTERM of one worker after the other"

    async def strike(self, site: Site) -> None:
        """Terminate and restart each worker."""
        for number in (0, 1):
            await site.workers.terminate(number)
            site.workers.spawn(number)
            await site.workers.ready()


class JoinAndLeave(Fault):
    """The consumer group rebalances twice."""

    name = "a third worker joins and leaves"

    async def strike(self, site: Site) -> None:
        """Start a third worker and terminate it again."""
        site.workers.spawn(2)
        await site.workers.ready()
        await asyncio.sleep(3.0)
        await site.workers.terminate(2)


class CopyJoins(Fault):
    """A third worker takes the place of one that works on, as where a run folder was copied."""

    name = "a third worker with a copy of another's run folder joins and leaves"

    async def strike(self, site: Site) -> None:
        """Start a copy of the second worker and terminate it again."""
        site.workers.spawn_copy(2, 1)
        await site.workers.ready()
        await asyncio.sleep(3.0)
        await site.workers.terminate(2)


class Zombie(Fault):
    """A frozen worker resumes in the belief that it still has its partitions."""

    name = "worker frozen beyond its session (SIGSTOP)"
    quick = True

    async def strike(self, site: Site) -> None:
        """Freeze the second worker until the first has its partitions."""
        await _freeze_beyond_session(site)


class ZombieThenKill(Fault):
    """What a frozen worker writes once it resumes is what the next one would go on from."""

    name = "worker frozen beyond its session, the other killed once it goes on"

    async def strike(self, site: Site) -> None:
        """Freeze the second worker until the first has its partitions, and kill the first."""
        await _freeze_beyond_session(site)
        await asyncio.sleep(_GOES_ON_S)
        site.workers.kill(0)
        site.workers.spawn(0)
        await site.workers.ready()


class HostClockSteps(Fault):
    """The wall clock of the workers is set, as by NTP or by hand."""

    name = "the clock of the workers' host steps two hours ahead, and four back"

    async def strike(self, site: Site) -> None:
        """Set the clock ahead, then behind, for a while each, then right."""
        for ahead_s in (_CLOCK_STEP_S, -_CLOCK_STEP_S, 0.0):
            step(site.settings.run_dir, ahead_s)
            await asyncio.sleep(_CLOCK_STAYS_S)


async def _freeze_beyond_session(site: Site) -> None:
    """Freeze the second worker until the first has its partitions."""
    site.workers.freeze(1)
    await asyncio.sleep(_BEYOND_SESSION * site.settings.session_timeout_s)
    site.workers.thaw(1)


FAULTS: tuple[type[Fault], ...] = (
    KillOne,
    KillOneStartedAtOnce,
    KillBoth,
    KillAtRandom,
    Terminate,
    JoinAndLeave,
    CopyJoins,
    Zombie,
    ZombieThenKill,
    HostClockSteps,
)
