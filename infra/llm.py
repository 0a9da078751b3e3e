"""A chat endpoint: OpenAI, vLLM, llama.cpp, Ollama or anything else that speaks its protocol."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import openai

from infra import metrics
from infra.errors import LlmError
from infra.settings import Settings

# A category is a few words; an endpoint that writes more has not understood.
_MAX_ANSWER_TOKENS = 32
_MAX_ANSWER_CHARS = 1_000


@dataclass(frozen=True)
class Answer:
    """What the endpoint said, what it cost and how long it took."""

    text: str
    model: str
    tokens: int
    latency_ms: float


class Llm:
    """Asks one endpoint, with a total deadline, retries and a limit on concurrent calls."""

    def __init__(self, settings: Settings) -> None:
        if settings.llm_api_key is None:
            raise ValueError("llm_api_key is not set; set EGOLOG_LLM_API_KEY to use an endpoint")
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.llm_concurrency)
        self._client = openai.AsyncOpenAI(
            api_key=settings.llm_api_key.get_secret_value(),
            base_url=settings.llm_base_url,
            max_retries=settings.llm_retries,
            timeout=settings.llm_timeout_s,
        )

    async def ask(self, messages: list[dict[str, str]]) -> Answer:
        """Return the answer; raises `LlmError` and nothing else when there is none."""
        try:
            answer = await self._ask(messages)
        except LlmError as error:
            metrics.llm_calls.labels(outcome=error.outcome).inc()
            raise
        metrics.llm_calls.labels(outcome="answered").inc()
        metrics.llm_tokens.inc(answer.tokens)
        metrics.llm_seconds.observe(answer.latency_ms / 1000)
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, messages: list[dict[str, str]]) -> Answer:
        began = perf_counter()
        chat: Any = messages
        try:
            async with self._slots:
                # The client's own time-out is per read; the deadline is for all of it.
                completion = await asyncio.wait_for(
                    self._client.chat.completions.create(
                        model=self._settings.llm_model,
                        messages=chat,
                        temperature=0.0,
                        max_tokens=_MAX_ANSWER_TOKENS,
                    ),
                    self._settings.llm_timeout_s,
                )
        except TimeoutError as error:
            raise LlmError(
                "timeout", f"no answer within {self._settings.llm_timeout_s:g} s"
            ) from error
        except openai.APITimeoutError as error:
            raise LlmError("timeout", "the connection timed out") from error
        except openai.APIStatusError as error:
            raise LlmError("status", f"the endpoint answered {error.status_code}") from error
        except openai.APIConnectionError as error:
            raise LlmError("connection", "the endpoint cannot be reached") from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            # Endpoints that only resemble the protocol fail inside of the client's parsing.
            raise LlmError(
                "malformed", f"the answer is malformed: {type(error).__name__}"
            ) from error
        text = _text(completion)
        usage = getattr(completion, "usage", None)
        return Answer(
            text=text[:_MAX_ANSWER_CHARS],
            model=self._settings.llm_model,
            tokens=int(getattr(usage, "total_tokens", 0) or 0),
            latency_ms=(perf_counter() - began) * 1000,
        )


def _text(completion: Any) -> str:
    try:
        content = completion.choices[0].message.content
    except (AttributeError, IndexError, TypeError) as error:
        raise LlmError("malformed", "the answer has no choices") from error
    if not isinstance(content, str):
        raise LlmError("malformed", "the answer has no text")
    return content
