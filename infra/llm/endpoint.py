"""One call to a chat endpoint: OpenAI, vLLM, llama.cpp, Ollama or any other compatible server.

Responses are untrusted: their size is bounded while reading, error bodies are not read, redirects
are not followed (they would carry the prompt elsewhere), and every failure is a `CallError` that
says whether to retry and whether it may have cost anything: what was sent may have.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import openai

from infra.llm.backoff import retry_after_s
from infra.llm.call_error import CallError, status_error
from infra.llm.reply import AnswerLimit, Reply, read_reply
from infra.llm.sent import watch, watching
from infra.llm.unreached import unreached
from infra.metric_labels import LLM_UNUSABLE
from infra.secrets import mask_log
from infra.settings import env_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import Settings

# An answer of some hundred tokens takes a few kilobytes with its JSON; as an unrequested event
# stream each token takes this much.
MAX_BODY_BYTES = 256_000
_MAX_BYTES_A_TOKEN = 360
# Statuses that refuse a response format (404: a router without a model that supports it).
_REFUSALS = frozenset({400, 404, 415, 422, 424})
# Statuses of servers that fail on a response format, or for any other reason.
_FAILURES = frozenset({500, 501, 502})
# The HTTP client below openai's logs each call's URL, with a user and a password. Since version
# 3 that client is httpx2.
mask_log("httpx")
mask_log("httpx2")


@dataclass(frozen=True)
class EndpointConfig:
    """An endpoint's address, key and limits.

    `base_url` None is OpenAI's. `strict` asks for strict schemas; OpenAI supports only a subset of
    JSON Schema that way, and takes other schemas as a hint.
    """

    model: str
    api_key: str = field(repr=False)
    limit: AnswerLimit
    base_url: str | None = field(default=None, repr=False)
    timeout_s: float = 20.0
    strict: bool = True

    @classmethod
    def of(
        cls, settings: Settings, min_answer_tokens: int = 0, *, strict: bool = True
    ) -> EndpointConfig:
        """Return the configuration from the settings; raises `ValueError` without a key.

        The answer's token limit is at least `min_answer_tokens`.
        """
        if settings.llm_api_key is None:
            raise ValueError("llm_api_key is not set; set EGOLOG_LLM_API_KEY to use an endpoint")
        tokens = max(settings.llm_answer_tokens_max, min_answer_tokens)
        return cls(
            settings.llm_model,
            settings.llm_api_key.get_secret_value(),
            AnswerLimit(tokens, env_name("llm_answer_tokens_max")),
            settings.llm_base_url,
            settings.llm_timeout_s,
            strict,
        )

    @property
    def max_body_bytes(self) -> int:
        """The largest response that is read, bytes."""
        return max(MAX_BODY_BYTES, _MAX_BYTES_A_TOKEN * self.limit.tokens)


class Endpoint:
    """Makes single calls, each within a time that the caller sets.

    The strictest supported response format is found by trial: a refusal (400, 422) leads to the
    next weaker format, which is kept once it worked. Servers whose grammar engine fails answer 500
    or 501 instead, so until one format has worked these also lead to the next; afterwards they are
    ordinary failures.
    """

    def __init__(self, config: EndpointConfig) -> None:
        self._config = config
        self._form = 0
        self._answered = False
        self._client = openai.AsyncOpenAI(
            api_key=config.api_key,
            base_url=config.base_url,
            max_retries=0,
            timeout=config.timeout_s,
            # A compressed response could expand to any size.
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False,
                timeout=config.timeout_s,
                event_hooks={"request": [watch], "response": [_refuse_failure]},
            ),
        )

    async def complete(
        self,
        chat: Sequence[Mapping[str, str]],
        schema: Mapping[str, Any] | None,
        within_s: float | None = None,
    ) -> Reply:
        """Return the answer to `chat`, constrained by the JSON `schema` where possible.

        Raises only `CallError`, also where no whole answer has come within `within_s` seconds.
        """
        ends_at = None if within_s is None else asyncio.get_running_loop().time() + within_s
        forms = _forms(schema, self._config)
        number: int | None = min(self._form, len(forms) - 1)
        while number is not None:
            try:
                reply = await self._call(chat, forms[number], ends_at)
            except CallError as error:
                weaker = self._weaker(forms, number, error)
                if weaker is None:
                    if error.outcome in LLM_UNUSABLE:
                        self._form, self._answered = number, True
                    raise
                number = weaker
            else:
                self._form, self._answered = number, True
                return reply
        raise AssertionError("the last form returns or raises")

    def _weaker(
        self, forms: Sequence[Mapping[str, Any]], number: int, error: CallError
    ) -> int | None:
        """Return the format to try after `error`, or None if the error is not about formats."""
        refused = error.status in _REFUSALS
        if not refused and (error.status not in _FAILURES or self._answered):
            return None
        for weaker in range(number + 1, len(forms)):
            same = forms[weaker].get("response_format") == forms[number].get("response_format")
            if refused or not same:
                return weaker
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _call(
        self, chat: Sequence[Mapping[str, str]], form: Mapping[str, Any], ends_at: float | None
    ) -> Reply:
        with watching() as sent:
            try:
                async with asyncio.timeout_at(ends_at):
                    body = await self._body(chat, form)
            except CallError:
                raise
            except TimeoutError as error:
                tried = "no answer" if sent else "the endpoint was not reached"
                text = f"{tried} within {self._config.timeout_s:g} s"
                raise CallError("timeout", text, free=not sent) from error
            except openai.APITimeoutError as error:
                text = f"the {'answer' if sent else 'connection'} timed out"
                raise CallError("timeout", text, retry=True, free=not sent) from error
            except Exception as error:
                # Errors while reading the body come from the HTTP client and are not wrapped.
                text = (
                    f"the connection broke: {type(error.__cause__ or error).__name__}"
                    if sent
                    else f"the endpoint cannot be reached: {unreached(error)}"
                )
                raise CallError("connection", text, retry=True, free=not sent) from error
        return read_reply(body, self._config.limit)

    async def _body(self, chat: Sequence[Mapping[str, str]], form: Mapping[str, Any]) -> bytes:
        body = bytearray()
        options: Any = {"messages": list(chat), **form}
        async with self._client.chat.completions.with_streaming_response.create(
            model=self._config.model, **options
        ) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise CallError("malformed", "the answer is compressed, which was not asked for")
            async for chunk in response.iter_bytes():
                body += chunk
                if len(body) > self._config.max_body_bytes:
                    raise CallError(
                        "too_large",
                        f"the answer has more than {self._config.max_body_bytes} bytes; "
                        f"expected {self._config.limit.tokens} tokens at most",
                    )
        return bytes(body)


def _forms(schema: Mapping[str, Any] | None, config: EndpointConfig) -> list[dict[str, Any]]:
    """Return the response formats to try, the strictest first."""
    limited = {"max_tokens": config.limit.tokens, "temperature": 0.0}
    if schema is None:
        return [limited]
    named = {"name": "answer", "schema": schema} | ({"strict": True} if config.strict else {})
    constrained = {"response_format": {"type": "json_schema", "json_schema": named}}
    return [
        {**constrained, **limited},
        # OpenAI's reasoning models refuse `max_tokens`.
        {**constrained, "max_completion_tokens": config.limit.tokens},
        {"response_format": {"type": "json_object"}, **limited},
        limited,
    ]


async def _refuse_failure(response: Any) -> None:
    status = int(response.status_code)
    if status >= 300:
        asks = status in (429, 503)
        wait_s = retry_after_s(response.headers) if asks else None
        raise status_error(status, f"the endpoint answered {status}", free=True, wait_s=wait_s)
