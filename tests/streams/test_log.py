from __future__ import annotations

import pytest

from infra import metrics
from schemas import Refined
from schemas.scenario import NO_REFINER, OFFLINE_EXPERT
from streams.log import refiner


def refined(by: str) -> Refined:
    return Refined(
        device_id="d",
        window_id="d/s/scenario/0",
        session_id="s",
        start_ns=0,
        end_ns=30,
        revision="r",
        scenarios=["Cooking"],
        refined_by=by,
        reason="",
        preliminary="Cooking",
        confidence=0.4,
    )


@pytest.mark.parametrize(
    ("by", "label"),
    [("gpt-4o-mini", "llm"), (f"{OFFLINE_EXPERT} 0123", "expert"), (NO_REFINER, "none")],
)
def test_the_metric_names_every_kind_of_refiner(by: str, label: str) -> None:
    assert refiner(refined(by)) == label
    assert label in metrics.REFINERS


def test_records_of_earlier_releases_keep_their_meaning() -> None:
    # Stored logs and topics hold this spelling.
    assert NO_REFINER == "none"
    assert refiner(Refined.decode(refined("none").encode())) == "none"
