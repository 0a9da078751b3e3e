"""One call to a chat endpoint: OpenAI, vLLM, llama.cpp, Ollama or what else speaks its protocol.

Whatever comes back is taken for hostile: its size is bounded while it is read, an error's body is
not read at all, no redirect is followed (it would carry the prompt elsewhere), and every failure
is a `CallError` that says whether trying again may help and whether it can have cost anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import openai

from infra.llm.call_error import CallError, status_error
from infra.llm.pause import retry_after_s
from infra.llm.reply import AnswerLimit, Reply, read_reply
from infra.metrics import LLM_UNUSABLE
from infra.secrets import mask_log
from infra.settings import env_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import Settings

# An answer of some hundred tokens with all that a protocol puts around it is some kilobytes; as a
# stream of events, which nobody asked for, it is this much a token.
MAX_BODY_BYTES = 256_000
_MAX_BYTES_A_TOKEN = 360
# How endpoints refuse a form of the answer (404: routers that know no model which takes it).
_REFUSALS = frozenset({400, 404, 415, 422, 424})
# How they fail over one, and over anything else.
_FAILURES = frozenset({500, 501, 502})
# The client below openai's says each call's URL, with the user and password of a proxy before it.
mask_log("httpx")


@dataclass(frozen=True)
class EndpointConfig:
    """Where to ask, and for how much.

    `base_url` None is the client's own. `strict` holds endpoints to every word of a schema; OpenAI
    takes only some schemas that way, and others only as a hint.
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
        """Return what the settings say; raises `ValueError` without a key.

        An answer may have `min_answer_tokens` at least, whatever the setting allows.
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
        """How much of a reply is read."""
        return max(MAX_BODY_BYTES, _MAX_BYTES_A_TOKEN * self.limit.tokens)


class Endpoint:
    """Makes single calls, each without a deadline of its own: the caller has one for all of them.

    The strongest way to constrain an answer that the endpoint takes is found by asking: its
    refusal of a form (400, 422) leads to the next weaker one, which is kept once it was answered.
    Servers whose grammar fails say 500 or 501 instead, so until one form was answered these lead
    to another `response_format` too; afterwards they are failures like any other.
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
        number: int | None = min(self._form, len(forms) - 1)
        while number is not None:
            try:
                reply = await self._call(chat, forms[number])
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
        """Return the form to ask in after `error`, None where it has nothing to do with forms."""
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
                    if len(body) > self._config.max_body_bytes:
                        raise CallError(
                            "too_large",
                            f"the answer has more than {self._config.max_body_bytes} bytes; "
                            f"expected {self._config.limit.tokens} tokens at most",
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
        return read_reply(bytes(body), self._config.limit)


def _forms(schema: Mapping[str, Any] | None, config: EndpointConfig) -> list[dict[str, Any]]:
    """Return the ways to ask, the strongest first."""
    limited = {"max_tokens": config.limit.tokens, "temperature": 0.0}
    if schema is None:
        return [limited]
    named = {"name": "answer", "schema": schema} | ({"strict": True} if config.strict else {})
    constrained = {"response_format": {"type": "json_schema", "json_schema": named}}
    return [
        {**constrained, **limited},
        # Reasoning models of OpenAI refuse both limits.
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
