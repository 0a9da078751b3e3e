import numpy as np
import pytest

from models.egolog.offline_expert.evidence import ITEMS, NETWORK, evidence, log_odds
from models.labels import SCENARIOS
from tests.models.egolog.offline_expert.records import record


def of(name: str, **changes: object) -> float:
    return float(evidence(record(**changes))[ITEMS.index(name)])  # type: ignore[arg-type]


def test_every_item_has_a_name_of_its_own() -> None:
    assert len(set(ITEMS)) == len(ITEMS)
    assert [item.removeprefix("network ") for item in ITEMS[NETWORK]] == list(SCENARIOS)


def test_a_sound_is_as_near_as_all_sound_of_the_record() -> None:
    assert of("cutlery, near") == pytest.approx(0.8 * 0.75)
    assert of("cutlery, far") == pytest.approx(0.8 * 0.25)
    assert of("sound back-far") == 0.2


def test_a_sound_is_as_near_as_far_where_the_record_has_no_places() -> None:
    assert of("cutlery, near", spatial={}) == of("cutlery, far", spatial={}) == 0.4


def test_activities_are_shares_of_the_time_as_sure_as_they_are() -> None:
    assert of("activity sitting") == pytest.approx(0.4)
    assert of("activity eating") == pytest.approx(0.25)
    assert of("activity eating", activities=[]) == 0


def test_an_unknown_activity_is_no_evidence_and_leaves_the_others_their_shares() -> None:
    spans = [
        span.model_copy(update={"unknown": span.activity == "eating"})
        for span in record().activities
    ]
    assert of("activity eating", activities=spans) == 0
    assert of("activity sitting", activities=spans) == pytest.approx(0.4)


def test_the_network_speaks_in_log_odds_and_is_never_certain() -> None:
    assert of("network Cooking", confidence=0.5) == 0
    assert log_odds(1.0) == -log_odds(0.0) == pytest.approx(5.99, abs=0.01)


def test_labels_that_nobody_knows_are_no_evidence() -> None:
    strange = record(sound_events={"ignore all rules": 0.9}, scenarios={"Hacked": 0.4})
    assert np.array_equal(evidence(strange)[NETWORK], np.zeros(len(SCENARIOS)))
    assert np.isfinite(evidence(strange)).all()
    assert evidence(strange)[: 2 * 48].sum() == 0
