"""One call to a chat endpoint: OpenAI, vLLM, llama.cpp, Ollama or what else speaks its protocol.

Whatever comes back is taken for hostile: its size is bounded while it is read, an error's body is
not read at all, no redirect is followed (it would carry the prompt elsewhere), and every failure
is a `CallError` that says whether trying again may help and whether it can have cost anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
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
_MAX_TEXT_CHARS = 4_000
_TOKENS_MAX = 10_000_000
_RETRIED = frozenset({408, 409, 425, 500, 502, 503, 504, 529})
_LIMITED = {"max_tokens": MAX_ANSWER_TOKENS, "temperature": 0.0}


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

    def __init__(self, settings: Settings) -> None:
        if settings.llm_api_key is None:
            raise ValueError("llm_api_key is not set; set EGOLOG_LLM_API_KEY to use an endpoint")
        self._model = settings.llm_model
        self._form = 0
        self._client = openai.AsyncOpenAI(
            api_key=settings.llm_api_key.get_secret_value(),
            base_url=settings.llm_base_url,
            max_retries=0,
            timeout=settings.llm_timeout_s,
            # A compressed answer could be of any size once it is unpacked.
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False,
                timeout=settings.llm_timeout_s,
                event_hooks={"response": [_refuse_failure]},
            ),
        )

    async def complete(
        self, chat: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None
    ) -> Reply:
        """Return the answer to `chat`, in the form of the JSON `schema` where that is possible.

        Raises `CallError` and nothing else.
        """
        forms = _forms(schema)
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
                model=self._model, **options
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
                            f"want {MAX_ANSWER_TOKENS} tokens at most",
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
        return _reply(bytes(body))


def _forms(schema: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the ways to ask, the strongest first."""
    if schema is None:
        return [dict(_LIMITED)]
    constrained = {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }
    }
    return [
        {**constrained, **_LIMITED},
        # Reasoning models of OpenAI refuse both of `_LIMITED`.
        {**constrained, "max_completion_tokens": MAX_ANSWER_TOKENS},
        {"response_format": {"type": "json_object"}, **_LIMITED},
        dict(_LIMITED),
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


def _reply(body: bytes) -> Reply:
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
    return Reply(content[:_MAX_TEXT_CHARS], _usage(completion.get("usage")))


def _usage(said: Any) -> Usage | None:
    if not isinstance(said, dict):
        return None
    prompt, answer = _tokens(said.get("prompt_tokens")), _tokens(said.get("completion_tokens"))
    return None if prompt is None or answer is None else Usage(prompt, answer)


def _tokens(said: Any) -> int | None:
    return said if type(said) is int and 0 <= said <= _TOKENS_MAX else None
