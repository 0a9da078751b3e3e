"""One call to a chat endpoint: OpenAI, vLLM, llama.cpp, Ollama or what else speaks its protocol.

Whatever comes back is taken for hostile: its size is bounded while it is read, an error's body is
not read at all, no redirect is followed (it would carry the prompt elsewhere), and every failure
is a `CallError` that says whether trying again may help and whether it can have cost anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import openai

from infra.errors import LlmError
from infra.llm.budget import Usage
from infra.llm.pause import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import Settings

MAX_ANSWER_TOKENS = 200
# An answer of two hundred tokens with all that a protocol puts around it is a few kilobytes.
MAX_BODY_BYTES = 256_000
# Of what a model says beyond its tokens nothing is kept: no token has twenty characters.
_MAX_CHARS_A_TOKEN = 20
_TOKENS_MAX = 10_000_000
_RETRIED = frozenset({408, 409, 425, 500, 502, 503, 504, 529})


@dataclass(frozen=True)
class EndpointConfig:
    """Where to ask, and for how much.

    `base_url` None is the client's own. `strict` holds endpoints to every word of a schema; OpenAI
    takes only some schemas that way, and others only as a hint.
    """

    model: str
    api_key: str = field(repr=False)
    base_url: str | None = None
    timeout_s: float = 20.0
    max_answer_tokens: int = MAX_ANSWER_TOKENS
    strict: bool = True

    @classmethod
    def of(
        cls, settings: Settings, max_answer_tokens: int = MAX_ANSWER_TOKENS, *, strict: bool = True
    ) -> EndpointConfig:
        """Return what the settings say; raises `ValueError` without a key."""
        if settings.llm_api_key is None:
            raise ValueError("llm_api_key is not set; set EGOLOG_LLM_API_KEY to use an endpoint")
        return cls(
            settings.llm_model,
            settings.llm_api_key.get_secret_value(),
            settings.llm_base_url,
            settings.llm_timeout_s,
            max_answer_tokens,
            strict,
        )


class CallError(LlmError):
    """A call was made and failed.

    `retry`: whether another attempt may help; `free`: whether it cannot have been billed;
    `wait_s`: how long the endpoint asked to be left alone.
    """

    def __init__(
        self,
        outcome: str,
        text: str,
        *,
        retry: bool = False,
        free: bool = False,
        wait_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(outcome, text)
        self.retry = retry
        self.free = free
        self.wait_s = wait_s
        self.status = status


@dataclass(frozen=True)
class Reply:
    """The endpoint's text and what it says it used, None where it does not say."""

    text: str
    usage: Usage | None


class Endpoint:
    """Makes single calls, each without a deadline of its own: the caller has one for all of them.

    The strongest way to constrain an answer that the endpoint takes is found by asking: its
    refusal of a form (400, 422) leads to the next weaker one, which is kept once it was answered.
    """

    def __init__(self, config: EndpointConfig) -> None:
        self._config = config
        self._form = 0
        self._client = openai.AsyncOpenAI(
            api_key=config.api_key,
            base_url=config.base_url,
            max_retries=0,
            timeout=config.timeout_s,
            # A compressed answer could be of any size once it is unpacked.
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False,
                timeout=config.timeout_s,
                event_hooks={"response": [_refuse_failure]},
            ),
        )

    async def complete(
        self, chat: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None
    ) -> Reply:
        """Return the answer to `chat`, in the form of the JSON `schema` where that is possible.

        Raises `CallError` and nothing else.
        """
        forms = _forms(schema, self._config)
        for number in range(min(self._form, len(forms) - 1), len(forms)):
            try:
                reply = await self._call(chat, forms[number])
            except CallError as error:
                if error.status not in (400, 422) or number == len(forms) - 1:
                    raise
            else:
                self._form = number
                return reply
        raise AssertionError("the last form returns or raises")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _call(self, chat: Sequence[Mapping[str, str]], form: Mapping[str, Any]) -> Reply:
        body = bytearray()
        options: Any = {"messages": list(chat), **form}
        try:
            async with self._client.chat.completions.with_streaming_response.create(
                model=self._config.model, **options
            ) as response:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise CallError(
                        "malformed", "the answer is compressed, which was not asked for"
                    )
                async for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise CallError(
                            "too_large",
                            f"the answer has more than {MAX_BODY_BYTES} bytes; "
                            f"expected {self._config.max_answer_tokens} tokens at most",
                        )
        except CallError:
            raise
        except openai.APITimeoutError as error:
            raise CallError("timeout", "the connection timed out", retry=True) from error
        except openai.APIConnectionError as error:
            raise CallError(
                "connection", "the endpoint cannot be reached", retry=True, free=True
            ) from error
        except Exception as error:
            # What breaks while the body is read comes from the client's own HTTP library.
            raise CallError(
                "connection", f"the connection broke: {type(error).__name__}", retry=True
            ) from error
        return _reply(bytes(body), _MAX_CHARS_A_TOKEN * self._config.max_answer_tokens)


def _forms(schema: Mapping[str, Any] | None, config: EndpointConfig) -> list[dict[str, Any]]:
    """Return the ways to ask, the strongest first."""
    limited = {"max_tokens": config.max_answer_tokens, "temperature": 0.0}
    if schema is None:
        return [limited]
    named = {"name": "answer", "schema": schema} | ({"strict": True} if config.strict else {})
    constrained = {"response_format": {"type": "json_schema", "json_schema": named}}
    return [
        {**constrained, **limited},
        # Reasoning models of OpenAI refuse both limits.
        {**constrained, "max_completion_tokens": config.max_answer_tokens},
        {"response_format": {"type": "json_object"}, **limited},
        limited,
    ]


async def _refuse_failure(response: Any) -> None:
    status = int(response.status_code)
    if status < 300:
        return
    limited = status == 429
    wait_s = retry_after_s(response.headers) if limited or status == 503 else None
    raise CallError(
        "rate_limited" if limited else "status",
        f"the endpoint answered {status}"
        + ("" if wait_s is None else f" and asked to wait {wait_s:g} s"),
        retry=limited or status in _RETRIED,
        free=True,
        wait_s=wait_s,
        status=status,
    )


def _reply(body: bytes, max_chars: int) -> Reply:
    try:
        completion = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallError("malformed", "the answer is no JSON", retry=True) from error
    try:
        content = completion["choices"][0]["message"]["content"]
    except (LookupError, TypeError) as error:
        raise CallError("malformed", "the answer has no choices", retry=True) from error
    if not isinstance(content, str):
        raise CallError("malformed", "the answer has no text", retry=True)
    return Reply(content[:max_chars], _usage(completion.get("usage")))


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    prompt, answer = _tokens(usage.get("prompt_tokens")), _tokens(usage.get("completion_tokens"))
    return None if prompt is None or answer is None else Usage(prompt, answer)


def _tokens(count: Any) -> int | None:
    return count if type(count) is int and 0 <= count <= _TOKENS_MAX else None
