from __future__ import annotations

import json
import math

from tests.dashboard_queries import BY_QUESTION
from tests.docs.dashboards import draw, expand_query, legend_text


class Answers:
    """Stands for a Prometheus in which one worker counts up, and has measured nothing at first."""

    def query(self, expr: str) -> list[dict[str, object]]:
        assert "$" not in expr
        return [{"metric": {"model": "har", "revision": "r1"}, "value": [0, "1"]}]

    def query_range(
        self, expr: str, from_s: float, to_s: float, step_s: float
    ) -> list[dict[str, object]]:
        assert "$" not in expr
        times = [from_s + n * step_s for n in range(int((to_s - from_s) / step_s))]
        values = [[at, str(math.nan if at == from_s else at - from_s)] for at in times]
        return [{"metric": {"modality": "imu", "name": "Cooking"}, "values": values}]


def test_a_query_has_all_values_of_its_variables_and_a_span_for_its_rates() -> None:
    board = {"templating": {"list": [{"name": "worker"}]}}
    expr = 'rate(frames{instance=~"$worker"}[$__rate_interval])'
    assert expand_query(expr, board) == 'rate(frames{instance=~".*"}[20s])'


def test_a_legend_names_what_its_series_is_of() -> None:
    assert legend_text("{{stage}} p50", {"stage": "har"}) == "har p50"


def test_every_panel_of_every_dashboard_is_drawn_at_its_place() -> None:
    for file in BY_QUESTION:
        board = json.loads(file.read_text(encoding="utf-8"))
        figure = draw(board, Answers(), (100.0, 160.0))  # type: ignore[arg-type]
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert titles == [panel["title"] for panel in board["panels"]]
