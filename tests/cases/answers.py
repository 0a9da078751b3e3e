"""Cases of what a language model's server answers, put to the refiner over HTTP.

The answer is `body.json` (or `body.txt`, an event stream), or what `rule.txt` says of the request.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis

from infra import metric_labels, metrics
from infra.daily_log.store import LogStore
from infra.llm import Llm
from infra.settings import Settings
from models.labels import SCENARIOS
from schemas import Refined
from streams.engine.kafka.received import Received, Token
from streams.refiner import Refiner
from tests.cases.expect import Verdict
from tests.pipeline.llm_endpoint import LlmEndpoint, Raw, completion
from tests.streams.refining import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.pipeline.llm_endpoint import Reply

_WINDOWS = 20
_LIMIT = 321
_FORMS = ("json_schema", "json_object", None)
_RULE = re.compile(
    r"if (?P<condition>.*?): answer (?P<status>\d{3}).*?else:? answer body of (?P<name>.+)",
    re.DOTALL,
)


@dataclass(frozen=True)
class CaseOutcome:
    """What became of some windows: their refinements, the requests and the outcomes counted."""

    refined: list[Refined]
    requests: list[dict[str, Any]]
    outcomes: dict[str, float]
    settings: Settings


def is_case(folder: Path) -> bool:
    """Return whether a folder is a case of this kind."""
    return any(folder.glob("body.*")) or (folder / "rule.txt").is_file()


def run(case: Path, expect: str) -> Verdict:
    """Put windows to an endpoint that answers as the case says, and compare with `expect`."""
    reply = reply_of(case)
    if reply is None:
        return Verdict(None, "a rule that this command does not know")
    return judge(expect, asyncio.run(refine(reply)), _name_of(case))


def reply_of(case: Path) -> Reply | None:
    """Return what the case's endpoint answers, None where its rule is not understood."""
    for path in sorted(case.glob("body.*")):
        body = path.read_bytes()
        kind = "application/json" if path.suffix == ".json" else "text/event-stream"
        return lambda request: Raw(200, body, {"content-type": kind})
    rule = _RULE.search((case / "rule.txt").read_text(encoding="utf-8"))
    if rule is None:
        return None
    refused = {form for form in _FORMS if form and form in rule["condition"]} or {*_FORMS[:2]}
    answer = completion(f'{{"scenarios": ["{rule["name"].strip()}"]}}')

    def reply(request: dict[str, Any]) -> tuple[int, bytes]:
        form = (request.get("response_format") or {}).get("type")
        return (int(rule["status"]), b"refused") if form in refused else (200, answer)

    return reply


async def refine(reply: Reply) -> CaseOutcome:
    """Put windows to the refiner one by one, without a store."""
    before = _outcomes()
    with LlmEndpoint(reply) as endpoint:
        settings = Settings(
            _env_file=None,
            llm_base_url=endpoint.url,
            llm_api_key="key",
            llm_answer_tokens_max=_LIMIT,
            llm_cache_days=0,
            refine_context_s=0.0,
        )
        async with Redis.from_url("redis://127.0.0.1:9/0") as nowhere:
            runtime: Any = SimpleNamespace(
                llm=Llm(settings, nowhere),
                log=LogStore(nowhere, settings.app_id, retention_days=1),
                wearers=None,
                corrected=None,
            )
            nothing: Any = None
            refiner = Refiner(settings, nothing, lambda: runtime, lambda work: work)
            refined = [await _refine(refiner, number) for number in range(_WINDOWS)]
            await runtime.llm.close()
        after = _outcomes()
        counted = {name: after[name] - before[name] for name in after}
        return CaseOutcome(refined, endpoint.requests, counted, settings)


async def _refine(refiner: Refiner, number: int) -> Refined:
    source: Any = SimpleNamespace(partition=0, generation_id=1)
    outcome = await refiner.refine(Received(record(number), Token(source, lambda: None)), [])
    [refined] = [message for _, _, message in outcome.messages if isinstance(message, Refined)]
    return refined


def _outcomes() -> dict[str, float]:
    calls = metrics.llm_calls
    return {name: calls.labels(outcome=name)._value.get() for name in metric_labels.LLM_OUTCOMES}


def _name_of(case: Path) -> str:
    path = case / "rule.txt"
    rule = _RULE.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    return rule["name"].strip() if rule else ""


def judge(expect: str, answered: CaseOutcome, name: str = "") -> Verdict:
    """Compare with what `expect` claims; `name` is the scenario that a rule's answer names."""
    claims = list(_claims(expect, answered, name))
    wrong = [claim for claim, held in claims if not held]
    if not claims:
        return Verdict(None, "nothing that a machine can check")
    if wrong:
        first = answered.refined[0]
        return Verdict(False, f"not so: {', '.join(wrong)} (was {first.scenarios}: {first.reason})")
    return Verdict(True, ", ".join(claim for claim, _ in claims))


def _claims(expect: str, answered: CaseOutcome, name: str) -> Iterator[tuple[str, bool]]:
    names = re.findall("|".join(map(re.escape, SCENARIOS)), expect) or ([name] if name else [])
    if names:
        model = answered.settings.llm_model
        yield (
            f"refined as {' and '.join(names)}",
            all((r.scenarios, r.refined_by) == (names, model) for r in answered.refined),
        )
    for pattern, check in _CHECKS:
        if match := re.search(pattern, expect, re.IGNORECASE):
            yield match[0], check(answered)


def _names(*words: str) -> Callable[[CaseOutcome], bool]:
    return lambda answered: all(word in answered.refined[0].reason for word in words)


def _opens_the_breaker(answered: CaseOutcome) -> bool:
    failures = answered.settings.llm_breaker_failures
    return answered.outcomes["breaker"] == _WINDOWS - failures


def _limit_is_set(answered: CaseOutcome) -> bool:
    return {request["max_tokens"] for request in answered.requests} == {_LIMIT}


def _is_counted(answered: CaseOutcome) -> bool:
    return any(answered.outcomes[name] for name in metric_labels.LLM_UNUSABLE)


def _forms_weaken(answered: CaseOutcome) -> bool:
    forms = [(each.get("response_format") or {}).get("type") for each in answered.requests]
    ranks = [_FORMS.index(form) for form in forms]
    # The form that was answered is kept: one request more for each that was refused.
    return ranks == sorted(ranks) and ranks[0] < ranks[-1] and len(ranks) < _WINDOWS + len(_FORMS)


_CHECKS: tuple[tuple[str, Callable[[CaseOutcome], bool]], ...] = (
    (r"token limit", _names("limit", "tokens")),
    (r"finish_reason length", _names("finish_reason length")),
    (r"content (?:is )?empty", _names("content empty")),
    (r"refus(?:al|ed) (?:is )?(?:named|told)|names the refusal", _names("refused")),
    (r"breaker", _opens_the_breaker),
    (r"limit can be set", _limit_is_set),
    (r"\bcounted\b", _is_counted),
    (r"weaker form is tried", _forms_weaken),
)
