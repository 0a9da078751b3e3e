from __future__ import annotations

from prometheus_client import generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from infra import metric_labels, metrics
from infra.metrics import REGISTRY


def ours() -> dict[str, MetricWrapperBase]:
    return {
        name: value for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)
    }


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_every_metric_has_the_prefix_and_a_help_text() -> None:
    families = {
        family.name: family
        for family in text_string_to_metric_families(generate_latest(REGISTRY).decode())
        if family.name.startswith("egolog_") and not family.name.endswith("_created")
    }
    assert len(families) == len(ours())
    assert all(family.documentation for family in families.values())


def test_every_metric_is_in_the_public_list() -> None:
    assert {*ours(), "REGISTRY", "initialise_newest_times", "initialise_topics"} == set(
        metrics.__all__
    )


def test_known_label_sets_exist_before_anything_happens() -> None:
    assert value("egolog_late_samples_total", modality="imu") is not None
    assert value("egolog_windows_total", kind="scenario") is not None
    assert value("egolog_stage_seconds_count", stage="windower") is not None
    assert value("egolog_inference_seconds_count", model="har") is not None
    assert value("egolog_llm_calls_total", outcome="timeout") is not None
    assert value("egolog_log_records_total", row="refined") is not None


def test_topics_start_with_every_reason_at_zero() -> None:
    assert value("egolog_dead_letters_total", topic="p.frames", reason="malformed") is None
    metrics.initialise_topics(["p.frames"])
    for error in metric_labels.SCHEMA_ERRORS:
        assert value("egolog_dead_letters_total", topic="p.frames", reason=error.reason) == 0
    assert value("egolog_offset_gaps_total", topic="p.frames") == 0
    assert value("egolog_expired_messages_total", topic="p.frames") == 0


def test_initialising_again_keeps_what_was_counted() -> None:
    metrics.initialise_topics(["p.kept"])
    metrics.dead_letters.labels(topic="p.kept", reason="invalid").inc()
    metrics.initialise_topics(["p.kept"])
    assert value("egolog_dead_letters_total", topic="p.kept", reason="invalid") == 1
