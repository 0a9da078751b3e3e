"""`scenario` → `scenario.refined` and `finetune.queue`: help in doubt (EgoLog §4.4)."""

from __future__ import annotations

from typing import Any

from faust.types import StreamT

from infra.errors import LlmError
from models.labels import SCENARIOS
from operators.prompting import load_template, messages, read_answer
from schemas import FinetuneItem, Refined, Scenario
from streams.engine.app import EgoLogApp
from streams.engine.received import Received
from streams.engine.stage import Outcome

NOBODY = "none"


def register(app: EgoLogApp) -> None:
    """Add the refiner to the app."""
    settings = app.settings
    stage = app.stage("refiner")
    template = load_template()

    @app.reader("refiner", "scenario")
    async def refiner_agent(stream: StreamT[Any]) -> None:
        async for received in stage.receive(stream):
            if received.message.confidence < settings.refine_below:
                await stage.put(refine(received), [received.token])
            else:
                await stage.put(Outcome(tokens=[received.token]))

    async def refine(received: Received[Scenario]) -> Outcome:
        record = received.message
        refined = await ask(record)
        out = Outcome([("scenario.refined", received.partition, refined)], tokens=[received.token])
        if record.embeddings is not None:
            item = FinetuneItem(
                device_id=record.device_id,
                window_id=record.window_id,
                session_id=record.session_id,
                start_ns=record.start_ns,
                end_ns=record.end_ns,
                revision=record.revision,
                embeddings=record.embeddings,
                scenarios=record.scenarios,
                confidence=record.confidence,
                pseudo_labels=[] if refined.refined_by == NOBODY else refined.scenarios,
                provenance=refined.refined_by,
            )
            out.messages.append(("finetune.queue", received.partition, item))
        return out

    async def ask(record: Scenario) -> Refined:
        preliminary = max(record.scenarios, key=lambda name: (record.scenarios[name], name))

        def refined(
            scenario: str, by: str, reason: str, latency_ms: float = 0.0, tokens: int = 0
        ) -> Refined:
            return Refined(
                device_id=record.device_id,
                window_id=record.window_id,
                session_id=record.session_id,
                start_ns=record.start_ns,
                end_ns=record.end_ns,
                revision=template.version,
                scenarios=[scenario],
                refined_by=by,
                reason=reason,
                preliminary=preliminary,
                confidence=record.confidence,
                latency_ms=round(latency_ms, 3),
                tokens=tokens,
            )

        llm = app.runtime.llm
        if llm is None:
            return refined(preliminary, NOBODY, "no llm is configured (EGOLOG_LLM_API_KEY)")
        try:
            answer = await llm.ask(messages(template, record, SCENARIOS))
        except LlmError as error:
            return refined(preliminary, NOBODY, str(error))
        scenario = read_answer(answer.text, SCENARIOS)
        if scenario is None:
            return refined(
                preliminary,
                NOBODY,
                f"the answer {answer.text[:80]!r} is not a category",
                answer.latency_ms,
                answer.tokens,
            )
        return refined(
            scenario, answer.model, "confidence below threshold", answer.latency_ms, answer.tokens
        )
