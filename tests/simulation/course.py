"""One seed: recordings, the log of a calm run, and the log of a run with faults."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.recordings import recordings, with_duplicates
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.world import Log, Worker

# A longer run counts as hanging.
_STEPS = 20_000
_WORKERS_MAX = 3
# The chance of each step that a frozen worker goes on, or one that went on learns of its eviction.
_RECOVERS = 0.05
# The chances of each step that the replica follows, that it takes over from a store that lost its
# last writes, and that a worker whose store is another copy has joined the group again.
_REPLICATES, _FAILS_OVER, _REJOINS = 0.05, 0.004, 0.2


async def differences(seed: int) -> list[str]:
    """Return the differences caused by a seed's faults; empty if the promise holds."""
    chance = Random(seed)
    frames = recordings(chance)
    calm = World(frames, Random(seed))
    faulty = World(with_duplicates(frames, chance), Random(seed + 1))
    faulty.faulty = True
    problems = await _run(calm) + await _run(faulty)
    return problems + _compare(calm.log, faulty.log)


async def _run(world: World) -> list[str]:
    chance = world.chance
    await world.start_worker()
    for _ in range(_STEPS):
        for tp in world.frames:
            ahead = chance.randrange(3) if world.faulty else 8
            world.sent[tp] = min(world.sent[tp] + ahead, len(world.frames[tp]))
        await asyncio.sleep(0)
        for worker in list(world.workers):
            if worker.has_ended():
                await world.kill_worker(worker)
                await world.start_worker()
                continue
            if worker.is_evicted and chance.random() < _RECOVERS:
                await _recover(world, worker)
            if worker.store_changed and not worker.is_evicted and chance.random() < _REJOINS:
                await world.share_out()
            if not world.faulty or chance.random() < 0.1:
                worker.commit()
        if world.is_all_sent:
            world.now_s += 4.0
            if world.is_all_committed:
                break
        if world.faulty and chance.random() < 0.02:
            await _disturb(world)
        if world.faulty and chance.random() < _REPLICATES:
            world.replicate()
        if world.faulty and chance.random() < _FAILS_OVER:
            world.fail_over()
    problems = [] if world.is_all_committed else [f"not committed: {world.committed}"]
    problems += [f"two contents of {identity}" for identity in world.log.conflicts]
    for worker in list(world.workers):
        await worker.kill()
    return problems


async def _recover(world: World, worker: Worker) -> None:
    """Let a frozen worker go on, or one that went on learn that the broker evicted it."""
    if worker.is_frozen:
        worker.is_frozen = False
    else:
        await world.rejoin(worker)


async def _disturb(world: World) -> None:
    chance = world.chance
    if chance.random() < 0.5 or len(world.workers) == _WORKERS_MAX:
        await world.kill_worker(chance.choice(world.workers))
        if not world.members or chance.random() < 0.3:
            await world.start_worker()
    elif chance.random() < 0.3:
        await world.freeze_worker(chance.choice(world.members))
    elif chance.random() < 0.5:
        await world.start_worker()
    else:
        await world.share_out()


def _compare(calm: Log, faulty: Log) -> list[str]:
    kept, now = calm.records, faulty.records
    lines = [f"lost: {identity}" for identity in sorted(kept.keys() - now.keys())]
    lines += [f"new: {identity}" for identity in sorted(now.keys() - kept.keys())]
    lines += [f"other: {key}" for key in sorted(kept.keys() & now.keys()) if kept[key] != now[key]]
    return lines
