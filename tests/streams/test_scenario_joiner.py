from __future__ import annotations

from typing import Any

from infra import topics
from infra.settings import Settings
from streams.engine.operator_stage import OperatorStage
from streams.engine.silence import LastHeard, SessionSilence
from streams.scenario_joiner import ScenarioJoiner
from tests.streams.engine.fakes import Checkpoints, Inbox, Queue
from tests.streams.engine.messages import activity, estimate, spatial


class Joining:
    """The joiner in its stage, without a broker; every session is silent once it is asked."""

    def __init__(self, quiet_s: float = 0.0) -> None:
        self.queue, self.inbox, self.heard = Queue(), Inbox(), LastHeard()
        queue: Any = self.queue
        store: Any = Checkpoints()
        self.stage = OperatorStage(
            ScenarioJoiner(Settings(_env_file=None)).operator(),
            queue,
            SessionSilence(lambda: quiet_s, -1.0, 3_600.0),
            lambda: store,
            lambda: 1,
            heard=self.heard,
        )

    async def push(self, *messages: Any) -> None:
        for message in messages:
            await self.stage.take([self.inbox.receive(message)])


async def test_a_record_is_made_once_its_estimate_and_all_parts_are_there() -> None:
    joining = Joining()
    await joining.push(activity(0), estimate(0, parts={"spatial": 1, "har": 1}))
    assert not joining.queue.outcomes
    await joining.push(spatial(0, front_near=0.8))
    [outcome] = joining.queue.outcomes
    [(topic, partition, message)] = outcome.messages
    record: Any = message
    assert (topic, partition) == (topics.SCENARIO, 3)
    assert (record.scenarios, record.confidence) == ({"Cooking": 0.7, "Eating": 0.1}, 0.7)
    assert [span.activity for span in record.activities] == ["standing"]
    assert record.spatial["front-near"] == 0.8
    assert record.missing == []


async def test_a_record_its_checkpoint_and_its_inputs_go_together() -> None:
    joining = Joining()
    await joining.push(spatial(0), activity(0), estimate(0, parts={"spatial": 1, "har": 1}))
    [outcome] = joining.queue.outcomes
    assert list(outcome.checkpoints) == ["d"]
    assert sorted(joining.inbox.acked) == [0, 1, 2]


async def test_a_part_that_never_comes_is_named_once_nobody_can_make_it_any_more() -> None:
    joining = Joining(quiet_s=1.0)
    await joining.push(activity(0), estimate(0, parts={"spatial": 2, "har": 1}))
    await joining.stage.give_up_on_the_silent()
    [record] = joining.queue.of(topics.SCENARIO)
    assert record.missing == ["spatial 0/2"]


async def test_embeddings_go_on_only_with_a_record_that_may_be_looked_at() -> None:
    joining = Joining()
    await joining.push(estimate(0, scenarios={"Cooking": 0.4}))
    await joining.push(estimate(30, scenarios={"Cooking": 1.0}))
    doubtful, sure = joining.queue.of(topics.SCENARIO)
    assert doubtful.embeddings is not None
    assert sure.embeddings is None


async def test_a_thousand_sessions_leave_no_more_behind_than_the_join_remembers() -> None:
    joining = Joining()
    for number in range(1_000):
        await joining.push(estimate(0, f"s{number}"))
    await joining.stage.give_up_on_the_silent()
    assert len(joining.queue.of(topics.SCENARIO)) == 1_000
    assert len(joining.heard) <= 10


async def test_embeddings_go_on_with_a_sure_record_whose_activities_are_unknown() -> None:
    joining = Joining()
    unknown = activity(0).model_copy(update={"unknown": True})
    sure = {"Cooking": 1.0}
    await joining.push(unknown, estimate(0, scenarios=sure, parts={"spatial": 0, "har": 1}))
    [record] = joining.queue.of(topics.SCENARIO)
    assert record.embeddings is not None
