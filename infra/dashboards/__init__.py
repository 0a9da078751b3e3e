"""The Grafana dashboard and what provisions it; its queries, for whoever wants to check them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

DASHBOARD = Path(__file__).parent / "grafana" / "egolog.json"


@dataclass(frozen=True)
class Query:
    """One PromQL query of one panel."""

    panel: str
    expr: str


def queries(rate_interval: str = "1m") -> list[Query]:
    """Return every query of the dashboard; `rate_interval` stands where Grafana puts its own."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [
        Query(panel["title"], target["expr"].replace("$__rate_interval", rate_interval))
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
