"""What leaves the machine in the refiner's questions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from models.labels import ACTIVITIES, MOTIONS, SCENARIOS, SOUND_EVENTS
from schemas import REGIONS
from streams import refiner
from tests.pipeline.llm_endpoint import LlmEndpoint
from tests.streams.refining import DEVICE, SESSION, record, refining, says

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def test_of_four_hours_nothing_leaves_but_labels_and_probabilities(redis: Redis) -> None:
    # Records are of thirty seconds; every fourth is uncertain.
    day = [record(n, confidence=0.9 if n % 4 else 0.4) for n in range(480)]
    uncertain = len(day) // 4
    with LlmEndpoint(says("Eating")) as endpoint:
        changes = {"llm_queue_max": 3_000, "expert_confidence_threshold": 0}
        async with refining(redis, endpoint.url, **changes) as app:
            await app.read(day)
            await app.finish(len(day))
    assert len(endpoint.requests) == uncertain
    assert {each.refined_by for each in app.of("scenario.refined")} == {"gpt-4o-mini"}

    secrets = [DEVICE, SESSION, "alice", "revision-4711", "17724", "embedding", "key_frames"]
    for raw in endpoint.raw:
        assert not [secret for secret in secrets if secret in raw]
    words = allowed_words()
    for request in endpoint.requests:
        assert set(request) == {
            *("path", "model", "messages", "temperature", "max_tokens", "response_format"),
        }
        *same, asked = request["messages"]
        assert same == endpoint.requests[0]["messages"][:-1]
        # No run of numbers that could be sound or an embedding: every number is the probability
        # of a label, or how long ago something was.
        for text in strings(json.loads(asked["content"])):
            assert set(text.replace(">", "<").split("<")) - {"", ", "} <= words | numbers(text)
        assert len(asked["content"]) < 6_000


def allowed_words() -> set[str]:
    """Return every text outside of the pairs, and nothing that a record could bring."""
    template = refiner.load_template().texts
    phrases = [template[k].partition("{results}")[0] for k in template if k not in ("example",)]
    locations = [region.replace("-", " ") for region in REGIONS]
    places = [
        template[phrase].format(event=event, location=location)
        for phrase in ("near", "far", "near_or_far")
        for event in SOUND_EVENTS
        for location in locations
    ]
    return {*phrases, *places}


def numbers(text: str) -> set[str]:
    """Return the `label, probability` pairs of a text whose label is one of ours."""
    labels = {*SCENARIOS, *ACTIVITIES, *SOUND_EVENTS, *MOTIONS, "folding laundry"}
    found = set()
    for pair in text.replace(">", "<").split("<")[1::2]:
        label, _, probability = pair.rpartition(", ")
        if label in labels and len(probability) == 4 and 0 <= float(probability) <= 1:
            found.add(pair)
    return found


def strings(value: Any) -> list[str]:
    """Return every text of a JSON value, keys apart; its only numbers say how long ago it was."""
    if isinstance(value, dict):
        ago = value.pop("minutes_before", 0.5)
        assert ago in {n / 2 for n in range(1, 11)}
        return [text for each in value.values() for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    assert isinstance(value, str)
    return [value]
