"""What a record's refinement is, by whom it was judged, and which messages follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import topics
from models.labels import learnable
from operators.doubt import LOW_CONFIDENCE, doubt
from schemas import FinetuneItem, Refined
from schemas.decision import detected_labels
from schemas.ranking import likeliest
from schemas.scenario import NO_REFINER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.llm.client import Answer
    from models.egolog.offline_expert import Expert
    from schemas import Message, Scenario

_REASON_CHARS = 500


def refinement_messages(
    record: Scenario, refined: Refined, unsure_below: float
) -> list[tuple[str, Message]]:
    """Return the messages of a record's refinement with their topics."""
    messages: list[tuple[str, Message]] = []
    uncertain = doubt(record, unsure_below) is not None
    if uncertain or (refined.refined_by != NO_REFINER and disagrees(refined, record)):
        messages.append((topics.SCENARIO_REFINED, refined))
    labels = [] if refined.refined_by == NO_REFINER else learnable(refined.scenarios)
    # The fine-tuner ignores unlabelled windows, and features are most of the data.
    if record.embeddings is not None and labels:
        item = FinetuneItem.of(record, record.embeddings, labels, refined.refined_by)
        messages.append((topics.FINETUNE_QUEUE, item))
    return messages


def expert_refinement(expert: Expert, record: Scenario, before: Sequence[Scenario]) -> Refined:
    """Return the offline expert's opinion of a record, or why the local estimate stands.

    It uses the record's own session only: records of a session come in order, but how much of the
    session before has come by then depends on the speed of a replay.
    """
    same = [each for each in before if each.session_id == record.session_id]
    opinion = expert.judge(record, same)
    if not opinion.scenarios:
        return unchanged_refinement(expert.revision, record, opinion.reason)
    return _refinement(expert.revision, record, opinion.scenarios, expert.name, opinion.reason)


def llm_refinement(
    template: str, record: Scenario, answer: Answer[list[str]], unsure_below: float
) -> Refined:
    """Return a language model's answer to the prompt of a template's version."""
    reason = doubt(record, unsure_below) or LOW_CONFIDENCE
    return _refinement(
        template, record, answer.value, answer.model, reason, answer.latency_ms, answer.tokens
    )


def disagrees(refined: Refined, record: Scenario) -> bool:
    """Return whether the log would differ without this refinement of a record."""
    return set(refined.scenarios) != set(detected_labels(record.scenarios))


def unchanged_refinement(
    revision: str, record: Scenario, reason: str, latency_ms: float = 0.0, tokens: int = 0
) -> Refined:
    """Return a refinement without change, with the reason."""
    return _refinement(
        revision, record, [likeliest(record.scenarios)], NO_REFINER, reason, latency_ms, tokens
    )


def _refinement(
    revision: str,
    record: Scenario,
    scenarios: list[str],
    by: str,
    reason: str,
    latency_ms: float = 0.0,
    tokens: int = 0,
) -> Refined:
    return Refined(
        device_id=record.device_id,
        window_id=record.window_id,
        session_id=record.session_id,
        start_ns=record.start_ns,
        end_ns=record.end_ns,
        revision=revision,
        scenarios=scenarios,
        refined_by=by,
        reason=reason[:_REASON_CHARS],
        preliminary=likeliest(record.scenarios),
        confidence=record.confidence,
        latency_ms=round(latency_ms, 3),
        tokens=tokens,
    )
