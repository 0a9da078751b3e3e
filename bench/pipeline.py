"""How many wearers one worker keeps up with: `python -m bench.pipeline`.

Replays clones of a simulated recording through the embedded broker as fast as they go and divides
the event time by the wall time from the first frame to the last log record. One worker with its
defaults, the broker, the store and the replay share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from tqdm import tqdm

from infra.local.embedded import Embedded
from infra.local.probe import free_port, port_is_free
from infra.local.process import ChildProcess
from infra.local.redis_embedded import discard
from infra.settings import env_name, load
from models.simulation.simulated_day import SimulatedDay
from schemas.extras import needs
from streams.demo.follow import expected_counts
from streams.producers.replay import Replay, ReplayOptions

with needs("httpx", "the benchmark needs"):
    import httpx

READY_TIMEOUT_S = 60.0


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline", description=__doc__)
    parser.add_argument("--devices", type=int, default=8, help="number of simulated devices")
    parser.add_argument("--minutes", type=float, default=4.0, help="length of the day, minutes")
    options = parser.parse_args()
    run_dir = load().run_dir / "bench"
    settings = load(run_dir=run_dir, app_id="egolog-bench", web_port=free_port())
    discard(run_dir)
    with Embedded(settings) as ready:
        worker = ChildProcess(
            "worker",
            [sys.executable, "-m", "faust", "-A", "streams.app", "worker", "-l", "info"],
            port=settings.web_port,
            log=run_dir / "worker.log",
            env={env_name(n): str(getattr(ready, n)) for n in ("run_dir", "app_id", "web_port")},
            cwd=Path.cwd(),
        )
        worker.start(lambda: not port_is_free(settings.web_port), READY_TIMEOUT_S)
        while "Worker ready" not in worker.log.read_text(encoding="utf-8", errors="replace"):
            time.sleep(0.1)
        day = SimulatedDay(1, options.minutes)
        scenarios, activities = expected_counts(day)
        began = time.perf_counter()
        asyncio.run(Replay(ready, ReplayOptions(speed=None, devices=options.devices)).run([day]))
        sent_s = time.perf_counter() - began
        want = options.devices * (scenarios + activities)
        # Clones begin a few seconds apart, so a clone may touch one window more than the first.
        done_s = _wait(f"http://127.0.0.1:{settings.web_port}", want, began)
        worker.stop(3.5)
    event_s = options.devices * day.duration_s
    print(f"{options.devices} wearers, {event_s:.0f} s of sound and motion")
    print(f"sent in {sent_s:.1f} s ({event_s / sent_s:.0f} times real time)")
    print(f"logged in {done_s:.1f} s ({event_s / done_s:.0f} times real time: so many wearers)")


def _wait(url: str, want: int, began: float) -> float:
    with tqdm(total=want, unit="record", disable=None) as bar:
        while True:
            devices = httpx.get(f"{url}/api/devices", timeout=30.0).json()
            found = sum(d["scenarios"] + d["activities"] for d in devices)
            bar.update(min(found, want) - bar.n)
            if found >= want:
                return time.perf_counter() - began
            time.sleep(0.1)


if __name__ == "__main__":
    main()
