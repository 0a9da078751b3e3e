"""Every label that a dashboard or an alert names is one that the metric of the query has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from infra import metrics
from streams import class_mix
from tests.dashboard_queries import BY_QUESTION, DASHBOARD, queries

ALERTS = Path("infra/dashboards/alerts.yml")
# Its classes exist once it was imported.
assert class_mix
# What Prometheus adds to each series, and to a bucket of a histogram.
SCRAPED = {"instance", "job"}
OF_KIND = {"_bucket": {"le"}}
# What every process exports.
PROCESS = re.compile(r"(?:process_\w+|up)")
NAME = re.compile(r"\b(egolog_\w+|process_\w+|up)\b(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
# A matcher that asks for one value.
FIXED = re.compile(r'(\w+)\s*=\s*"([^"]*)"')


def labels() -> dict[str, set[str]]:
    """Return the labels of each metric, by its name without the suffix of its kind."""
    return {
        value._name: set(value._labelnames)
        for value in vars(metrics).values()
        if isinstance(value, MetricWrapperBase)
    }


def labels_of(name: str) -> set[str]:
    """Return the labels of a series; raises `KeyError` where no metric has the name."""
    if PROCESS.fullmatch(name):
        return SCRAPED
    stem, suffix = re.fullmatch(r"(\w+?)(_total|_bucket|_sum|_count)?", name).groups()  # type: ignore[union-attr]
    return labels()[stem] | SCRAPED | OF_KIND.get(suffix, set())


def expressions() -> list[str]:
    rules = [
        rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
    ]
    boards = [query.expr for file in (DASHBOARD, *BY_QUESTION) for query in queries(file=file)]
    return sorted({*boards, *(rule["expr"] for rule in rules)})


@pytest.mark.parametrize("expr", expressions())
def test_a_query_names_labels_that_its_metrics_have(expr: str) -> None:
    series = NAME.findall(expr)
    assert series
    for name, matchers in series:
        named = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        assert named <= labels_of(name), name
    shared = set.intersection(*(labels_of(name) for name, _ in series))
    for group in GROUPED.findall(expr):
        assert {label.strip() for label in group.split(",")} <= shared


@pytest.mark.parametrize("expr", expressions())
def test_a_query_asks_for_values_that_a_label_can_have(expr: str) -> None:
    known = {
        (sample.name, label, value)
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        for label, value in sample.labels.items()
    }
    for name, matchers in NAME.findall(expr):
        for label, value in FIXED.findall(matchers):
            if label not in SCRAPED:
                assert (name, label, value) in known, f"{name} has no {label} {value!r}"
