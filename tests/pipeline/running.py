"""A worker process under test, and its state."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from infra.local.probe import free_port
from infra.settings import Settings, env_name
from tests.warm_process import FaustProcess, run_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Services

READY_S = 180.0
# Generous, because other programs may occupy all cores.
WAIT_S = 120.0
_ANSWER_S = 30.0
_SHOWN_CHARACTERS = 30_000


def unique_name(what: str) -> str:
    """Return a name of `what` that no other run has."""
    return f"{what}-{uuid4().hex[:8]}"


@dataclass
class Worker:
    """`faust -A streams.app worker` with its own topics, consumer group and store keys."""

    settings: Settings
    process: FaustProcess | None = None
    logs: list[Path] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.web_port}"

    def environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("EGOLOG_")}
        for name in self.settings.model_fields_set:
            value = getattr(self.settings, name)
            secret = getattr(value, "get_secret_value", None)
            own[env_name(name)] = str(secret() if secret else value)
        return own

    def start(self) -> Worker:
        """Start the process and wait until it has its partitions."""
        log = self.settings.run_dir / f"worker-{len(self.logs)}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        self.logs.append(log)
        log.touch()
        self.process = FaustProcess(("worker", "-l", "info"), self.environment(), log, log)
        try:
            self.wait_until(lambda: "Worker ready" in self.output(), READY_S)
        except BaseException:
            # If `__enter__` fails, `__exit__` is not called.
            self.process.kill()
            raise
        return self

    def kill(self) -> None:
        """Send SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def stop(self) -> float:
        """Send SIGINT and wait for the exit; return the seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        return time.monotonic() - began

    def output(self) -> str:
        """Return its output since the last start."""
        return self.logs[-1].read_text(errors="replace") if self.logs else ""

    def state(self) -> str:
        """Return whether it is running and the end of its output, for failure messages."""
        status = None if self.process is None else self.process.poll()
        runs = "runs" if status is None else f"ended with status {status}"
        return f"the worker {runs} and wrote:\n{self.output()[-_SHOWN_CHARACTERS:]}"

    def wait_until(self, condition: Callable[[], Any], timeout_s: float = WAIT_S) -> None:
        """Wait until `condition` holds; fails at once if the worker exits."""

        def holds() -> Any:
            assert not self._has_ended(), self.state()
            return condition()

        wait_for(holds, timeout_s, self.state)

    def command(self, *arguments: str, timeout_s: float = 300.0) -> str:
        """Run another command of the app and return its output."""
        status, out, err = run_command(arguments, self.environment(), timeout_s)
        assert status == 0, out + err
        return out

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return (scenario records, activity records) by device."""
        devices: list[dict[str, Any]] = self.get("/api/devices").raise_for_status().json()
        return {d["device_id"]: (d["scenarios"], d["activities"]) for d in devices}

    def get(self, path: str) -> httpx.Response:
        """Request `path` from its web server; errors include the worker's state."""
        try:
            return httpx.get(f"{self.url}{path}", timeout=_ANSWER_S)
        except httpx.HTTPError as error:
            error.add_note(self.state())
            raise

    def metric(self, name: str) -> float:
        """Return the sum of a metric's samples."""
        text = self.get("/metrics").text
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith((f"{name} ", f"{name}{{"))
        )

    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def __enter__(self) -> Worker:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(60)


def settings_for(services: Services, run_dir: Path, name: str, **changes: Any) -> Settings:
    """Return settings that share no topics or keys with other tests."""
    fields: dict[str, Any] = {
        "broker_url": services.broker_url,
        "redis_url": services.redis_url,
        "run_dir": run_dir,
        "app_id": name,
        "topic_prefix": f"{name}.",
        "topic_partitions": 2,
        "web_port": free_port(),
        "idle_timeout_s": 3.0,
        "inference_threads": 1,
        **changes,
    }
    return Settings(_env_file=None, **fields)


def wait_for(condition: Callable[[], Any], timeout_s: float, why: Callable[[], str]) -> None:
    """Wait until `condition` holds; fails with the message of `why`.

    A condition that raises because a web server does not answer does not hold.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        refused = ""
        try:
            if condition():
                return
        except httpx.HTTPError as error:
            refused = f" ({error!r})"
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s{refused}:\n{why()}"
        time.sleep(0.2)


def wait_until_settled(worker: Worker, timeout_s: float = 240.0, quiet_s: float = 4.0) -> None:
    """Wait until everything was processed and the log has stopped growing."""
    last: tuple[object, float] = (None, time.monotonic())

    def quiet() -> bool:
        nonlocal last
        waiting = worker.metric("egolog_consumer_lag") + worker.metric("egolog_in_flight")
        now = (worker.counts(), waiting)
        if now != last[0]:
            last = (now, time.monotonic())
        return bool(now[0]) and not now[1] and time.monotonic() - last[1] > quiet_s

    worker.wait_until(quiet, timeout_s)
