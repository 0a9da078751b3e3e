"""Requesting many structured answers from an OpenAI-compatible endpoint (LanHAR §3.3).

A missing or unusable answer is an `EndpointError`, which does not stop the run.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import BaseModel
from tqdm import tqdm

from infra.llm.backoff import backoff_s
from infra.llm.budget import Usage
from infra.llm.call_error import CallError
from infra.llm.endpoint import Endpoint, EndpointConfig
from infra.llm.reply import AnswerLimit, Reply
from infra.llm.structured import correction, parse
from models.research.lib.errors import ResearchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.research.lanhar.interpretation.answers import Answers
    from models.research.lanhar.interpretation.prompt import Messages

_CHARACTERS_A_TOKEN = 3.2
"""English prose has 4, tables of numbers 2: the estimate is conservative for both."""

Form = TypeVar("Form", bound=BaseModel)


class EndpointError(ResearchError):
    """The endpoint gave no usable answer."""


@dataclass(frozen=True)
class BatchConfig:
    """An endpoint and its limits. Prices are in dollars per million tokens; 0 is unknown."""

    base_url: str
    model: str
    api_key: str = field(default="none", repr=False)
    timeout_s: float = 60.0
    retries: int = 3
    concurrency: int = 4
    most_answer_tokens: int = 700
    price_in: float = 0.0
    price_out: float = 0.0

    @classmethod
    def of_environment(cls, base_url: str, model: str | None, **changes: Any) -> Self:
        """Take the key, and the model by default, from the stream's own variables."""
        key = os.environ.get("EGOLOG_LLM_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none"
        name = model or os.environ.get("EGOLOG_LLM_MODEL") or "gpt-4o-mini"
        return cls(base_url=base_url, model=name, api_key=key, **changes)

    @property
    def endpoint(self) -> EndpointConfig:
        """The settings of a call; the schemas are not strict in OpenAI's sense."""
        return EndpointConfig(
            model=self.model,
            api_key=self.api_key,
            base_url=self.base_url,
            timeout_s=self.timeout_s,
            limit=AnswerLimit(self.most_answer_tokens, "most_answer_tokens"),
            strict=False,
        )


@dataclass(frozen=True)
class Estimate:
    """The cost of a run: `calls` beyond the `kept` answers, in tokens and dollars."""

    calls: int
    kept: int
    tokens_in: int
    tokens_out: int
    dollars: float | None

    def __str__(self) -> str:
        cost = "unknown (no prices given)" if self.dollars is None else f"${self.dollars:.2f}"
        return (
            f"{self.calls} calls ({self.kept} answers are kept already), about "
            f"{self.tokens_in:,} tokens in and {self.tokens_out:,} out, cost {cost}"
        )


class LlmBatch:
    """Calls one endpoint, unless the answer is in the cache `answers`.

    Calls are made by the pipeline's client (`infra.llm.endpoint`): bounded in size, without
    redirects.
    """

    def __init__(self, config: BatchConfig, answers: Answers) -> None:
        self.config = config
        self._answers = answers

    def estimate(self, asked: Sequence[Messages], form: type[BaseModel]) -> Estimate:
        """Return the estimated cost; tokens are estimated from characters."""
        new = [messages for messages in asked if self._cached(messages, form) is None]
        characters = sum(len(one["content"]) for messages in new for one in messages)
        tokens_in = round(characters / _CHARACTERS_A_TOKEN)
        tokens_out = round(0.5 * self.config.most_answer_tokens) * len(new)
        dollars = None
        if self.config.price_in or self.config.price_out:
            dollars = tokens_in * self.config.price_in + tokens_out * self.config.price_out
            dollars /= 1e6
        return Estimate(len(new), len(asked) - len(new), tokens_in, tokens_out, dollars)

    def ask_all(
        self,
        asked: Sequence[Messages],
        form: type[Form],
        about: str = "ask",
        on_answer: Callable[[int, Form], None] | None = None,
    ) -> list[Form | EndpointError]:
        """Send all prompts, several at a time, with a progress bar; return the answers in order.

        Every answer is cached at once, so an interrupted run resumes.
        """
        return asyncio.run(self._ask_all(asked, form, about, on_answer))

    async def _ask_all(
        self,
        asked: Sequence[Messages],
        form: type[Form],
        about: str,
        on_answer: Callable[[int, Form], None] | None,
    ) -> list[Form | EndpointError]:
        answers: list[Form | EndpointError] = [EndpointError("not asked")] * len(asked)
        waiting = iter(range(len(asked)))
        endpoint = Endpoint(self.config.endpoint)
        try:
            with tqdm(total=len(asked), desc=about, unit="answer", mininterval=1) as bar:

                async def work() -> None:
                    for index in waiting:
                        answer: Form | EndpointError
                        try:
                            answer = await self._ask(endpoint, asked[index], form)
                            if on_answer is not None:
                                on_answer(index, answer)
                        except EndpointError as error:
                            answer = error
                        answers[index] = answer
                        bar.update()

                await asyncio.gather(*(work() for _ in range(self.config.concurrency)))
        finally:
            await endpoint.close()
        return answers

    async def _ask(self, endpoint: Endpoint, messages: Messages, form: type[Form]) -> Form:
        cached = self._cached(messages, form)
        if cached is not None:
            return cached
        text, tokens = await self._complete(endpoint, messages, form)
        try:
            answer = parse(text, form)
        except ValueError as error:
            again = correction(messages, text, str(error))
            text, more = await self._complete(endpoint, again, form)
            try:
                answer = parse(text, form)
            except ValueError as error:
                raise EndpointError(str(error)) from None
            tokens = Usage(tokens.prompt + more.prompt, tokens.answer + more.answer)
        self._answers.keep(
            self._key(messages, form), self.config.model, text, (tokens.prompt, tokens.answer)
        )
        return answer

    def _key(self, messages: Messages, form: type[BaseModel]) -> str:
        shape = json.dumps(form.model_json_schema(), sort_keys=True)
        return self._answers.key(self.config.model, shape, messages)

    def _cached(self, messages: Messages, form: type[Form]) -> Form | None:
        text = self._answers.find(self._key(messages, form))
        if text is None:
            return None
        try:
            return parse(text, form)
        except ValueError:
            return None

    async def _complete(
        self, endpoint: Endpoint, messages: Messages, form: type[BaseModel]
    ) -> tuple[str, Usage]:
        config = self.config
        try:
            reply = await asyncio.wait_for(
                self._attempts(endpoint, messages, form), config.timeout_s * (config.retries + 1)
            )
        except TimeoutError:
            raise EndpointError(f"no answer within {config.timeout_s:g} s") from None
        except CallError as error:
            if error.outcome == "connection" and error.free:
                raise EndpointError(
                    f"the endpoint {config.base_url!r} cannot be reached"
                ) from error
            malformed = "the answer is malformed: " if error.outcome == "malformed" else ""
            raise EndpointError(f"{malformed}{error}") from None
        return reply.text, reply.usage or Usage()

    async def _attempts(
        self, endpoint: Endpoint, messages: Messages, form: type[BaseModel]
    ) -> Reply:
        failures = 0
        while True:
            try:
                return await endpoint.complete(messages, form.model_json_schema())
            except CallError as error:
                failures += 1
                if failures > self.config.retries or not error.retry:
                    raise
                await asyncio.sleep(backoff_s(failures) if error.wait_s is None else error.wait_s)
