"""The queries of the Grafana dashboards.

`egolog.json` has every metric; each of the others answers one question, by worker and topic.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "infra" / "dashboards" / "grafana"
DASHBOARD = _FOLDER / "egolog.json"
BY_QUESTION = tuple(
    _FOLDER / f"{name}.json" for name in ("fleet", "models", "refiner", "reliability")
)
# Grafana's value of a variable set to "All".
_ALL = ".*"


@dataclass(frozen=True)
class Query:
    """One PromQL query of one panel."""

    panel: str
    expr: str


def queries(rate_interval: str = "1m", file: Path = DASHBOARD) -> list[Query]:
    """Return a dashboard's queries, with `rate_interval` for `$__rate_interval`.

    Other variables are set to "All".
    """
    dashboard = json.loads(file.read_text(encoding="utf-8"))
    variables = {f"${each['name']}": _ALL for each in dashboard["templating"]["list"]}
    found = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expr = target["expr"].replace("$__rate_interval", rate_interval)
            for name, value in variables.items():
                expr = expr.replace(name, value)
            found.append(Query(panel["title"], expr))
    return found
