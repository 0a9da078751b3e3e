"""A local Prometheus that scrapes given targets, for checking metrics and dashboards."""

from __future__ import annotations

import json
import shutil
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from infra.errors import BinaryMissingError, ServiceError
from infra.local.probe import LOOPBACK, free_port
from infra.local.process import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START_TIMEOUT_S = 30.0
QUERY_TIMEOUT_S = 10.0


class Prometheus:
    """Scrapes `targets` (`host:port`) every `interval_s`; a context manager.

    Data is in `run_dir/prometheus`, which starts empty.
    """

    def __init__(
        self,
        run_dir: Path,
        targets: Sequence[str],
        port: int | None = None,
        *,
        interval_s: float = 1.0,
        path: str = "/metrics",
    ) -> None:
        self.folder = run_dir.absolute() / "prometheus"
        self.url = ""
        self._targets = list(targets)
        self._port = port
        self._interval_s = interval_s
        self._path = path
        self._child: ChildProcess | None = None

    def start(self) -> str:
        """Start the server and return `http://127.0.0.1:PORT`; raises `ServiceError`."""
        binary = shutil.which("prometheus")
        if binary is None:
            raise BinaryMissingError("prometheus is not on PATH: install it (Debian: prometheus)")
        port = self._port or free_port()
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        child = ChildProcess(
            "prometheus",
            [
                binary,
                f"--config.file={self._configure()}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--web.listen-address={LOOPBACK}:{port}",
                "--log.level=warn",
            ],
            port=port,
            log=self.folder / "prometheus.log",
        )
        child.start(lambda: http_answers(port, "/-/ready"), START_TIMEOUT_S)
        self._child = child
        self.url = f"http://{LOOPBACK}:{port}"
        return self.url

    def stop(self) -> None:
        """Stop the server."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the series of an instant query: `metric` labels and `value` [time, text].

        Raises `ServiceError` with Prometheus' message if the query is invalid.
        """
        return self._ask("query", expr, query=expr)

    def query_range(
        self, expr: str, from_s: float, to_s: float, step_s: float
    ) -> list[dict[str, Any]]:
        """Return the series of a query over time: `metric` labels and `values` [[time, text]].

        Raises `ServiceError` as `query` does.
        """
        return self._ask("query_range", expr, query=expr, start=from_s, end=to_s, step=step_s)

    def _ask(self, what: str, expr: str, **asked: object) -> list[dict[str, Any]]:
        address = f"{self.url}/api/v1/{what}?{urlencode(asked)}"
        try:
            with build_opener(ProxyHandler({})).open(address, timeout=QUERY_TIMEOUT_S) as reply:
                result: list[dict[str, Any]] = json.load(reply)["data"]["result"]
                return result
        except HTTPError as error:
            with error:
                reason = json.loads(error.read() or b"{}").get("error", error.reason)
            raise ServiceError(f"prometheus refuses {expr!r}: {reason}") from error

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _configure(self) -> Path:
        interval = f"{round(self._interval_s * 1_000)}ms"
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "scrape_configs": [
                {
                    "job_name": "egolog",
                    "metrics_path": self._path,
                    "static_configs": [{"targets": self._targets}],
                }
            ],
        }
        path = self.folder / "prometheus.yml"
        # Prometheus reads YAML, of which JSON is a subset.
        path.write_text(json.dumps(config, indent=2), encoding="utf-8")
        return path


def http_answers(port: int, path: str, host: str = LOOPBACK) -> bool:
    """Request `path`; any status below 400 counts."""
    try:
        # Bypass any proxy: the service is local.
        opener = build_opener(ProxyHandler({}))
        with opener.open(f"http://{host}:{port}{path}", timeout=1.0) as reply:
            return bool(reply.status < 400)
    except HTTPError as refusal:
        refusal.close()
        return False
    except (OSError, HTTPException):
        return False
