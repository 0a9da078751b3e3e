"""Any OpenAI-compatible endpoint, asked for many structured answers (LanHAR §3.3).

`EndpointError` is an answer that cannot be had or used; one of them never ends a run.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

import openai
from pydantic import BaseModel, ValidationError
from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.research.lanhar.interpretation.answers import Answers
    from models.research.lanhar.interpretation.prompt import Messages

_CHARACTERS_A_TOKEN = 3.2
"""Of English prose 4, of tables of numbers 2: the estimate is on the safe side for either."""
_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)

Form = TypeVar("Form", bound=BaseModel)


class EndpointError(RuntimeError):
    """The endpoint gave no usable answer; the text says why."""


@dataclass(frozen=True)
class EndpointConfig:
    """Where to ask and how. Prices are in dollars for a million tokens; 0 is unknown."""

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
        """Take the key, and the model where none is given, from the stream's own variables."""
        key = os.environ.get("EGOLOG_LLM_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none"
        name = model or os.environ.get("EGOLOG_LLM_MODEL") or "gpt-4o-mini"
        return cls(base_url=base_url, model=name, api_key=key, **changes)


@dataclass(frozen=True)
class Estimate:
    """What a run will ask for: `calls` beyond the `kept` answers, in tokens and dollars."""

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


class Endpoint:
    """Asks one endpoint; answers come from `answers` where they are kept."""

    def __init__(self, config: EndpointConfig, answers: Answers) -> None:
        self.config = config
        self._answers = answers
        self._format: str | None = "json_schema"  # falls back where an endpoint knows less

    def estimate(self, asked: Sequence[Messages], form: type[BaseModel]) -> Estimate:
        """Return what asking would take; prompts are counted by their characters."""
        new = [messages for messages in asked if self._kept(messages, form) is None]
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
        on_answer: Callable[[int, Form], None] = lambda index, answer: None,
    ) -> list[Form | EndpointError]:
        """Ask everything, some at a time, with a progress bar; answers are in the asked order.

        Every answer is kept as it comes, so a run that was stopped goes on where it was.
        """
        return asyncio.run(self._ask_all(asked, form, about, on_answer))

    async def _ask_all(
        self,
        asked: Sequence[Messages],
        form: type[Form],
        about: str,
        on_answer: Callable[[int, Form], None],
    ) -> list[Form | EndpointError]:
        found: list[Form | EndpointError] = [EndpointError("not asked")] * len(asked)
        waiting = iter(range(len(asked)))
        async with openai.AsyncOpenAI(
            api_key=self.config.api_key,
            base_url=self.config.base_url,
            max_retries=self.config.retries,
            timeout=self.config.timeout_s,
        ) as client:
            with tqdm(total=len(asked), desc=about, unit="answer", mininterval=1) as bar:

                async def work() -> None:
                    for index in waiting:
                        answer: Form | EndpointError
                        try:
                            answer = await self._ask(client, asked[index], form)
                            on_answer(index, answer)
                        except EndpointError as error:
                            answer = error
                        found[index] = answer
                        bar.update()

                await asyncio.gather(*(work() for _ in range(self.config.concurrency)))
        return found

    async def _ask(self, client: openai.AsyncOpenAI, messages: Messages, form: type[Form]) -> Form:
        kept = self._kept(messages, form)
        if kept is not None:
            return kept
        text, tokens = await self._complete(client, messages, form)
        try:
            answer = parse(text, form)
        except EndpointError as error:
            # Models mend their own JSON when told what is wrong with it.
            again = [
                *messages,
                {"role": "assistant", "content": text},
                {"role": "user", "content": f"{error}. Answer with valid JSON alone."},
            ]
            text, more = await self._complete(client, again, form)
            answer = parse(text, form)
            tokens = (tokens[0] + more[0], tokens[1] + more[1])
        self._answers.keep(self._key(messages, form), self.config.model, text, tokens)
        return answer

    def _key(self, messages: Messages, form: type[BaseModel]) -> str:
        shape = json.dumps(form.model_json_schema(), sort_keys=True)
        return self._answers.key(self.config.model, shape, messages)

    def _kept(self, messages: Messages, form: type[Form]) -> Form | None:
        text = self._answers.find(self._key(messages, form))
        if text is None:
            return None
        try:
            return parse(text, form)
        except EndpointError:
            return None

    async def _complete(
        self, client: openai.AsyncOpenAI, messages: Messages, form: type[BaseModel]
    ) -> tuple[str, tuple[int, int]]:
        chat: Any = messages
        options: Any = {}
        asked = self._format
        if asked == "json_schema":
            schema = {"name": form.__name__, "schema": form.model_json_schema()}
            options["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif asked == "json_object":
            options["response_format"] = {"type": "json_object"}
        try:
            completion = await asyncio.wait_for(
                client.chat.completions.create(
                    model=self.config.model,
                    messages=chat,
                    temperature=0.0,
                    max_tokens=self.config.most_answer_tokens,
                    **options,
                ),
                self.config.timeout_s * (self.config.retries + 1),
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            if asked is None:
                raise EndpointError(f"the endpoint refused the question: {error.message}") from None
            # Not every endpoint knows structured output; plain text is parsed as well.
            weaker = {"json_schema": "json_object", "json_object": None}[asked]
            if self._format == asked:
                self._format = weaker
            return await self._complete(client, messages, form)
        except TimeoutError:
            raise EndpointError(f"no answer within {self.config.timeout_s:g} s") from None
        except openai.APIStatusError as error:
            raise EndpointError(f"the endpoint answered {error.status_code}") from None
        except openai.APIConnectionError as error:
            raise EndpointError(
                f"the endpoint {self.config.base_url!r} cannot be reached"
            ) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise EndpointError(f"the answer is malformed: {type(error).__name__}") from error
        return _text(completion)


def parse(text: str, form: type[Form]) -> Form:
    """Read an answer, also from between fences or prose; raises `EndpointError` saying why not."""
    fenced = _FENCED.search(text)
    body = fenced.group(1) if fenced else text
    first, last = body.find("{"), body.rfind("}")
    try:
        return form.model_validate_json(body[first : last + 1] if first >= 0 else body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the answer"
        raise EndpointError(f"{where}: {problem['msg']}") from None


def _text(completion: Any) -> tuple[str, tuple[int, int]]:
    try:
        content = completion.choices[0].message.content
    except (AttributeError, IndexError, TypeError) as error:
        raise EndpointError("the answer has no choices") from error
    if not isinstance(content, str) or not content.strip():
        raise EndpointError("the answer has no text")
    usage = getattr(completion, "usage", None)
    counted = [int(getattr(usage, f"{side}_tokens", 0) or 0) for side in ("prompt", "completion")]
    return content, (counted[0], counted[1])
