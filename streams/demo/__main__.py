"""`python -m streams.demo`: simulate a day, run worker and fine-tuner, print the log as it grows.

With `--check` it is non-interactive: it exits by itself, with status 0 only if the log is complete
and there is no dead letter.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from infra.disk import unusable_file
from infra.errors import InfraError, NotAnsweringError
from infra.local.embedded import find_running
from infra.local.probe import free_port, port_is_free
from infra.local.process import ChildProcess
from infra.local.redis_embedded import discard
from infra.settings import EMBEDDED, Settings, env_name, load
from models.recordings.protocol import Recording, RecordingError
from schemas.extras import needs
from schemas.interruption import one_line_interruptions
from schemas.option_bounds import check_above, check_minimums
from streams.demo import learning
from streams.demo.follow import Follower, expected_counts
from streams.producers.replay import Replay, ReplayOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

with needs("httpx", "the demo needs"):
    import httpx

# After the last frame: the lateness, the join and a slow machine.
TAIL_TIMEOUT_S = 120.0
STOP_GRACE_S = 3.5


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m streams.demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="run non-interactively and exit with a status"
    )
    parser.add_argument("--seed", type=int, default=7, help="random seed of the day")
    parser.add_argument("--minutes", type=float, default=24.0, help="length of the day, minutes")
    parser.add_argument(
        "--speed", type=float, default=10.0, help="playback speed, a factor of real time"
    )
    options = parser.parse_args(arguments)
    check_above(parser, options, minutes=0, speed=0)
    check_minimums(parser, options, seed=0)
    try:
        # Needs an extra; if it is missing, the import fails with a one-line error.
        from models.simulation.simulated_day import SimulatedDay

        settings = _own_settings()
        day = SimulatedDay(options.seed, options.minutes)
        with _Worker(settings) as worker, learning.finetuner(settings) as tuner:
            status = asyncio.run(_run(settings, worker, tuner, day, options))
            if not options.check:
                print("\nStop with Ctrl-C.", flush=True)
                while worker.running:
                    time.sleep(0.2)
            return status
    except KeyboardInterrupt:
        if options.check:
            raise
        print("\nstopped")
        return 0
    except (InfraError, RecordingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {unusable_file(error)}", file=sys.stderr)
        return 1


def _own_settings() -> Settings:
    """Return settings with a run folder and port for the demo only."""
    settings = load()
    port = settings.web_port
    if not port_is_free(port):
        port = free_port()
        print(f"port {settings.web_port} is in use; the page is on {port} instead")
    run_dir = settings.run_dir / "demo"
    if find_running(run_dir) is None:
        # The log of the previous demo is complete already and would not grow.
        discard(run_dir)
    own = {"run_dir": run_dir, "web_port": port, "app_id": "egolog-demo"}
    return settings.model_copy(update=own)


class _Worker:
    """The worker as a child process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        environment = {
            env_name(name): str(getattr(settings, name))
            for name in ("run_dir", "web_port", "app_id")
        }
        self._child = ChildProcess(
            "worker",
            [sys.executable, "-m", "faust", "-A", "streams.app", "worker", "-l", "info"],
            port=settings.web_port,
            log=settings.run_dir / "worker.log",
            env=environment,
            cwd=Path.cwd(),
        )

    def __enter__(self) -> ChildProcess:
        print("starting broker, store and worker...", flush=True)
        try:
            self._child.start(self._answers, learning.START_TIMEOUT_S)
        except NotAnsweringError as error:
            log = self._settings.run_dir / "worker.log"
            errors = [line for line in log.read_text().splitlines() if line.startswith("error: ")]
            raise (NotAnsweringError(errors[-1][len("error: ") :]) if errors else error) from None
        return self._child

    def __exit__(self, *_: object) -> None:
        self._child.stop(STOP_GRACE_S)

    def _answers(self) -> bool:
        settings = self._settings
        if settings.broker_url == EMBEDDED:
            # The day can be published while the worker is still joining its group.
            return find_running(settings.run_dir) is not None
        return not port_is_free(settings.web_port)


async def _run(
    settings: Settings,
    worker: ChildProcess,
    tuner: ChildProcess,
    day: Recording,
    options: argparse.Namespace,
) -> int:
    ready = _with_addresses(settings)
    await topic_creation.create(ready)
    url = f"http://{settings.web_host}:{settings.web_port}/"
    print(f"the page: {url}\n", flush=True)
    expected = expected_counts(day)
    async with httpx.AsyncClient(base_url=url, timeout=5.0) as client:
        with tqdm(
            total=round(day.duration_s), unit="s", desc="replay", disable=None, leave=False
        ) as bar:
            follower = Follower(client, day, write=bar.write)
            following = asyncio.create_task(follower.run())
            sent = 0

            def on_progress(recording: Recording, seconds: float) -> None:  # noqa: ARG001 - the signature is its callers'
                nonlocal sent
                bar.update(max(0, int(seconds) - sent))
                sent = max(sent, int(seconds))

            replay = Replay(ready, ReplayOptions(speed=options.speed))
            await replay.run([day], on_progress)
            deadline = time.monotonic() + TAIL_TIMEOUT_S
            while (
                follower.counts() != expected
                and time.monotonic() < deadline
                and worker.running
                and not following.done()
            ):
                await asyncio.sleep(0.2)
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
    letters = await read_letters(ready)
    complete = follower.counts() == expected
    print(f"\nscenarios:  {follower.scenarios}")
    print(f"activities: {follower.activities}")
    print(f"log:        {_counts(follower.counts())}, expected {_counts(expected)}")
    print(f"dead letters: {len(letters)}")
    for letter in letters[:5]:
        print(f"  {letter.origin}: {letter.error}")
    for line in await learning.summary(ready, running=tuner.running):
        print(line)
    print(f"the page: {url}?device={day.device_id}", flush=True)
    return 0 if complete and not letters else 1


def _with_addresses(settings: Settings) -> Settings:
    running = find_running(settings.run_dir)
    addresses = {
        name: getattr(running, name)
        for name in ("broker_url", "redis_url")
        if getattr(settings, name) == EMBEDDED
    }
    return settings.model_copy(update=addresses)


def _counts(pair: tuple[int, int]) -> str:
    return f"{pair[0]} scenario and {pair[1]} activity records"


if __name__ == "__main__":
    raise SystemExit(main())
