"""Answers of language models, words of people, exports, checkpoints: text that others write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from infra.broker.tokens import _kept_until
from infra.daily_log.archive import _end, _row, _version
from infra.daily_log.export import ExportError, from_json
from infra.daily_log.search.fields import SearchFieldError, query_of
from infra.llm.call_error import CallError
from infra.llm.reply import AnswerLimit, read_reply
from infra.settings.scenario_names import ScenarioNamesError, parse_names
from models.labels import NAMES_BY_KIND
from operators.answering import read_answer
from operators.errors import AnswerError
from operators.wearer import Wearer
from schemas import AudioFrame, event_time
from schemas.frames import NS
from schemas.quiet_hours import QuietHours
from streams.engine.dead_letters import without_sound
from tests.fuzz.messages import examples
from tests.fuzz.mutation import damage
from tests.fuzz.trial import Target

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = AnswerLimit(200, "EGOLOG_LLM_ANSWER_TOKENS_MAX")
_CATEGORIES = ("Cooking", "Reading books", "Walking on street")
_ANSWER = '<think>first</think> ```json\n{"scenarios": ["Cooking", "Reading books"]}\n```'
_MESSAGE = {"role": "assistant", "content": _ANSWER, "reasoning_content": "none", "refusal": None}
_USAGE = {"prompt_tokens": 20, "completion_tokens": 9}
_REPLIES = (
    json.dumps({"choices": [{"message": _MESSAGE, "finish_reason": "stop"}], "usage": _USAGE}),
    json.dumps({"choices": [{"message": {"content": [{"type": "text", "text": "Cooking"}]}}]}),
    json.dumps({"error": {"message": "overloaded", "code": 503}}),
    'data: {"choices": [{"delta": {"content": "Coo"}}]}\n\ndata: {"choices": [{"delta": '
    '{"content": "king"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
)
_WEARER = json.dumps(
    {
        "version": 1,
        "network": "abc",
        "bias": {"Cooking": 0.5},
        "precision": {"Cooking": 2.0},
        "windows": 3,
        "recent": ["d/s/scenario/1"],
    }
)
_EXPORT = json.dumps({"scenarios": [], "activities": [], "corrections": []})
_JWT = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3NzI0Mzg0MDAsInN1YiI6IngifQ."


def text_targets() -> list[Target]:
    """Return a target for each reader of text."""
    return [
        _target("a model's reply", _REPLIES, lambda data: read_reply(data, _LIMIT), CallError),
        _target(
            "a model's answer",
            (_ANSWER, "Cooking", '{"scenarios": "Cooking"}', '["Cooking", "Walking on street"]'),
            lambda data: read_answer(_text(data), _CATEGORIES),
            AnswerError,
        ),
        _target(
            "names of scenarios",
            ('["Cooking", "Reading books"]', "# names\nCooking\nReading books\n"),
            lambda data: parse_names(_text(data)),
            ScenarioNamesError,
        ),
        _target(
            "times",
            ("2026-03-02T08:00:00Z", "2026-03-02T08:00:00.5+01:00", "1772438400000000000"),
            lambda data: event_time.parse(_text(data)),
            ValueError,
        ),
        _target(
            "quiet hours",
            ("22:00-07:00", "22:00-07:00,12:30-13:00@Europe/Berlin"),
            lambda data: QuietHours.parse(_text(data)),
            ValueError,
        ),
        _target("exports", (_EXPORT,), lambda data: from_json(_text(data)), ExportError),
        _target(
            "lines of an archive",
            (
                json.dumps({"egolog": "log", "version": 2}),
                json.dumps({"end": 3}),
                json.dumps({"row": "scenario", "record": {"window_id": "a"}}),
            ),
            lambda data: (_version(_text(data)), _end(_text(data), 2), _row(_text(data), 2)),
            ExportError,
        ),
        _target(
            "searches",
            (
                "words=cooking+near+tuesday&zone=Europe/Berlin&confidence_from=0.5&where=near,far",
                "words=from+friday+18:00+to+25.11.2026+10pm,+last+3+days&zone=Asia/Tokyo",
            ),
            lambda data: query_of(
                dict(parse_qsl(_text(data), keep_blank_values=True)),
                NAMES_BY_KIND,
                1_795_000_000 * NS,
            ),
            SearchFieldError,
        ),
        _target("what was learned of a wearer", (_WEARER,), Wearer.restore),
        _target("tokens", (_JWT,), lambda data: _kept_until(_text(data), 0.0)),
        Target(
            "dead letters",
            examples(AudioFrame),
            damage,
            without_sound,
            (),
        ),
    ]


def _target(
    name: str,
    texts: tuple[str, ...],
    read: Callable[[bytes], object],
    *refuses: type[BaseException],
) -> Target:
    return Target(name, [text.encode() for text in texts], damage, read, refuses)


def _text(data: bytes) -> str:
    # As a shell or an address hands over bytes that are no UTF-8.
    return data.decode("utf-8", "surrogateescape")
