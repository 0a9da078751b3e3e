from __future__ import annotations

from typing import TYPE_CHECKING

from infra.settings import Settings
from streams.scenario_joiner import ScenarioJoiner
from tests.streams.engine.messages import activity, estimate, spatial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import Activity, Scenario, ScenarioEstimate


def record(of: ScenarioEstimate, activities: Sequence[Activity] = ()) -> Scenario:
    joiner = ScenarioJoiner(Settings(_env_file=None))
    return joiner.record(of, [spatial(0, front_near=0.8)], activities, ["spatial 1/2"])


def test_a_record_says_what_the_three_agents_say_and_what_is_missing() -> None:
    joined = record(estimate(0), [activity(0)])
    assert (joined.scenarios, joined.confidence) == ({"Cooking": 0.7, "Eating": 0.1}, 0.7)
    assert [span.activity for span in joined.activities] == ["standing"]
    assert joined.spatial["front-near"] == 0.8
    assert joined.missing == ["spatial 1/2"]


def test_embeddings_go_on_however_sure_a_record_is() -> None:
    assert record(estimate(0, scenarios={"Cooking": 0.4})).embeddings is not None
    assert record(estimate(30, scenarios={"Cooking": 1.0})).embeddings is not None
