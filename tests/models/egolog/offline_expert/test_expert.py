import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.egolog.offline_expert import Expert
from models.egolog.offline_expert.evidence import ITEMS, NETWORK
from models.egolog.offline_expert.expert import ExpertError
from models.labels import SCENARIOS
from tests.models.egolog.offline_expert.records import record

TV, COOKING = SCENARIOS.index("Watching tv"), SCENARIOS.index("Cooking")


def expert(**changes: Any) -> Expert:
    """Return one that believes the network, in chains that seldom change."""
    weights = np.zeros((len(ITEMS), len(SCENARIOS)))
    weights[NETWORK] = 4 * np.eye(len(SCENARIOS))
    fields: dict[str, Any] = {
        "weights": weights,
        "bias": np.full(len(SCENARIOS), 2.0),
        "stay": np.full(len(SCENARIOS), 0.9),
        "start": np.full(len(SCENARIOS), 0.01),
        "name_above": 0.5,
        "own_share": 1.0,
        "revision": "abc",
    }
    return Expert(**{**fields, **changes})


def before(count: int, leads: str, confidence: float) -> list[Any]:
    return [record(n, leads, confidence) for n in range(count)]


def test_what_went_on_for_minutes_goes_on() -> None:
    opinion = expert().judge(record(6), before(6, "Watching tv", 0.95))
    assert opinion.scenarios == ["Watching tv"] or opinion.scenarios[0] == "Watching tv"
    assert opinion.probabilities["Watching tv"] > 0.4
    assert "Watching tv" in opinion.reason


def test_what_went_on_long_ago_says_less() -> None:
    earlier = before(4, "Watching tv", 0.95)
    soon, late = (expert().judge(record(n), earlier).probabilities["Watching tv"] for n in (4, 40))
    assert soon > 2 * late


def test_several_scenarios_may_go_on_together() -> None:
    both = [
        record(n, scenarios=dict.fromkeys(SCENARIOS, 0.02) | {"Cooking": 0.9, "Watching tv": 0.9})
        for n in range(4)
    ]
    unsure = record(
        4, scenarios=dict.fromkeys(SCENARIOS, 0.02) | {"Cooking": 0.4, "Watching tv": 0.4}
    )
    assert set(expert().judge(unsure, both).scenarios) == {"Cooking", "Watching tv"}


def test_an_expert_that_believes_in_nothing_says_nothing() -> None:
    opinion = expert(bias=np.full(len(SCENARIOS), -3.0)).judge(record())
    assert opinion.scenarios == []
    assert re.search(r"believes in nothing: 0\.0\d", opinion.reason)


def test_what_is_said_weighs_the_belief_with_the_records_own_estimate() -> None:
    earlier = before(9, "Watching tv", 0.95)
    doubted = record(9, scenarios=dict.fromkeys(SCENARIOS, 0.02) | {"Cooking": 0.45})
    certain = record(9, scenarios=dict.fromkeys(SCENARIOS, 0.02) | {"Cooking": 0.98})
    knows = expert(bias=np.full(len(SCENARIOS), 3.0))
    knows.weights[ITEMS.index("cutlery, near"), TV] = 5.0
    for share, said in ((1.0, "Watching tv"), (0.6, "Watching tv"), (0.0, "Cooking")):
        opinion = replace(knows, own_share=share).judge(doubted, earlier)
        assert opinion.scenarios[0] == said
    assert replace(knows, own_share=0.6).judge(certain, earlier).scenarios[0] == "Cooking"
    alone = replace(knows, own_share=0.0).judge(doubted, earlier)
    assert alone.probabilities == pytest.approx(doubted.scenarios, abs=1e-4)


def test_of_a_scenario_that_a_record_does_not_have_the_belief_stands() -> None:
    other = record(scenarios={"Juggling": 0.9})
    whole, half = (replace(expert(), own_share=s).judge(other) for s in (1.0, 0.5))
    assert whole.probabilities == half.probabilities


def test_an_expert_may_contradict_a_network_that_is_surer() -> None:
    knows = expert()
    knows.weights[NETWORK.start + COOKING] = 0.0
    knows.weights[ITEMS.index("cutlery, near"), TV] = 10.0
    sure = record(leads="Cooking", confidence=0.99)
    opinion = knows.judge(sure)
    assert opinion.scenarios[0] == "Watching tv"
    assert opinion.probabilities["Watching tv"] < sure.confidence


def test_evidence_adds_its_log_odds() -> None:
    knows = expert()
    knows.weights[ITEMS.index("cutlery, near"), TV] = 5.0
    plain, with_context = (
        judge.judge(record()).probabilities["Watching tv"] for judge in (expert(), knows)
    )
    odds = (with_context / (1 - with_context)) / (plain / (1 - plain))
    assert np.log(odds) == pytest.approx(5.0 * 0.6, abs=0.1)
    assert "cutlery, near +3.0" in knows.judge(record(scenarios={"Cooking": 0.1})).reason


def test_belief_is_the_forward_pass_of_each_chain() -> None:
    knows = expert()
    with_context = np.zeros((2, len(ITEMS)))
    with_context[0, NETWORK.start + COOKING] = 0.5
    belief = knows.believe(with_context, np.array([0, 30 * 10**9]))
    rest = 0.01 / 0.11
    first = 1 / (1 + np.exp(-(np.log(rest / (1 - rest)) + 2.0 + 2.0)))
    second = first * 0.9 + (1 - first) * 0.01
    assert belief[COOKING] == pytest.approx(np.log(second / (1 - second)) + 2.0)


def test_the_shipped_table_is_read_and_named() -> None:
    shipped = Expert.load()
    assert shipped.name == f"offline expert {shipped.revision}"
    assert len(shipped.name) <= 128
    assert (shipped.stay > shipped.start).all()
    # A scenario that the network thinks likelier is likelier.
    assert (np.diag(shipped.weights[NETWORK]) > 0).all()


@pytest.mark.parametrize("text", ["", "{}", '{"bias": 3}', "[]"])
def test_a_damaged_table_is_refused(text: str) -> None:
    with pytest.raises(ExpertError, match="cannot be read"):
        Expert.parse(text)


def test_a_table_of_other_scenarios_is_refused() -> None:
    with_context = {
        "chains": {name: {"stay": 0.9, "start": 0.1} for name in SCENARIOS},
        "log_odds": {item: [0.0] * 3 for item in ITEMS},
        "bias": [0.0] * 3,
        "name_above": 0.5,
        "own_share": 1.0,
    }
    with pytest.raises(ExpertError, match="shapes"):
        Expert.parse(json.dumps(with_context))
