"""The scenario prompt (EgoLog §4.4.1): recognition results in words for a language model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from schemas.evidence import probabilities_in
from schemas.frames import NS
from schemas.labels import checked_name
from schemas.ranking import likeliest, rank_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas import Scenario

_TOP_EVENTS = 5
_TOP_ACTIVITIES = 3
_TOP_DESCRIPTIONS = 3
_TOP_SCENARIOS = 3
# Number of names of each earlier record, of which the prompt has ten.
_TOP_BEFORE = 2
# Phrases for a distance without and with a direction.
_PHRASES = {
    "near": ("near_anywhere", "near_at"),
    "far": ("far_anywhere", "far"),
    "unknown": ("anywhere", "at"),
}
# A side has sound if this is likelier than not.
_SOUNDS = 0.5


@dataclass(frozen=True)
class Template:
    """A prompt template and its version, which is in every refined record."""

    version: str
    texts: Mapping[str, Any]


def load_template(name: str = "scenario.v5") -> Template:
    """Return a template of the package."""
    texts = json.loads((files("operators") / "prompts" / f"{name}.json").read_text())
    return Template(texts["version"], texts)


def messages(
    template: Template,
    record: Scenario,
    categories: Sequence[str],
    before: Sequence[Scenario] = (),
    others: Sequence[str] = (),
) -> list[dict[str, str]]:
    """Return the chat messages for one scenario record; `before` are the records shortly before it.

    `others` are further valid answers if none of the categories fits.

    The prompt has only labels of the closed sets and of the operator's own vocabulary, and numbers,
    as strings in one JSON object. It has no identifier, no time of day and no embedding; a label
    with other characters than words' is omitted.
    """
    texts = template.texts
    example = texts["example"]
    more = texts["others"].replace("[List of others]", json.dumps(list(others)))
    role = texts["role"].replace("[List of categories]", json.dumps(list(categories)))
    role = role.replace("[Others]", more if others else "")
    chat = [{"role": "system", "content": role}]
    if set(example["answer"]["scenarios"]) <= set(categories):
        chat += [
            {"role": "user", "content": json.dumps(example["given"])},
            {"role": "assistant", "content": json.dumps(example["answer"])},
        ]
    given = _facts_of(texts, record)
    if before:
        given["last_minutes"] = [_earlier(each, record.start_ns) for each in before]
    return [*chat, {"role": "user", "content": json.dumps(given)}]


def _facts_of(texts: Mapping[str, Any], record: Scenario) -> dict[str, Any]:
    events = _top(record.sound_events, _TOP_EVENTS)
    given: dict[str, Any] = {
        "audio": texts["audio"].format(results=_pairs(events)) if events else texts["silence"]
    }
    if events and record.spatial:
        given["spatial"] = [_place(texts, event, record) for event, _ in events]
    described: dict[str, float] = {}
    for span in record.activities:
        for name, probability in span.open_vocabulary.items():
            described[name] = max(described.get(name, 0.0), probability)
    unknown = sum(span.unknown for span in record.activities)
    if unknown:
        given["unknown"] = texts["unknown"].format(unknown=unknown, count=len(record.activities))
    preliminary = "unreliable" if record.unknown else "preliminary"
    for part, text, results, count in (
        ("imu", "imu", record.motion, len(record.motion)),
        ("activities", "activities", _activities(record), _TOP_ACTIVITIES),
        ("descriptions", "descriptions", described, _TOP_DESCRIPTIONS),
        ("preliminary", preliminary, record.scenarios, _TOP_SCENARIOS),
    ):
        top = _top(results, count)
        if top:
            given[part] = texts[text].format(results=_pairs(top))
    return given


def _earlier(record: Scenario, now_ns: int) -> dict[str, Any]:
    parts = {
        "scenario": [] if record.unknown else _top(record.scenarios, 1),
        "audio": _top(record.sound_events, _TOP_BEFORE),
        "motion": _top(record.motion, 1),
        "activities": _top(_activities(record), _TOP_BEFORE),
    }
    ago = {"minutes_before": round((now_ns - record.start_ns) / (60 * NS), 1)}
    return ago | {name: _pairs(pairs) for name, pairs in parts.items() if pairs}


def _activities(record: Scenario) -> dict[str, float]:
    seen: dict[str, float] = {}
    for span in record.activities:
        if span.unknown:
            continue
        seen[span.activity] = max(seen.get(span.activity, 0.0), span.probability)
    return seen


def _place(texts: Mapping[str, Any], event: str, record: Scenario) -> str:
    """Phrase an event's place: its own, if the record has it."""
    place = record.sound_places.get(event)
    if place is None:
        return _place_of_all(texts, event, record.spatial)
    anywhere, somewhere = _PHRASES[place.distance or "unknown"]
    if place.direction is None:
        return str(texts[anywhere].format(event=event))
    location = f"{place.direction} far" if place.distance == "far" else place.direction
    return str(texts[somewhere].format(event=event, location=location))


def _place_of_all(texts: Mapping[str, Any], event: str, regions: Mapping[str, float]) -> str:
    """Phrase an event's place by the regions of all sounds together.

    With sound on both sides it is ambiguous which event is where (EgoLog §4.4.1), and the phrase
    says so.
    """
    near = max(probabilities_in(regions, "near"), default=0.0)
    sides = {name: p for name, p in regions.items() if name.endswith("-far")}
    side = likeliest(sides) if sides else ""
    far = regions.get(side, 0.0)
    phrase = "near" if near >= far else "far"
    if min(near, far) >= _SOUNDS:
        phrase = "near_or_far"
    return str(texts[phrase].format(event=event, location=side.replace("-", " ")))


def _top(probabilities: Mapping[str, float], count: int) -> list[tuple[str, float]]:
    return rank_labels({name: p for name, p in probabilities.items() if _is_words(name)}, count)


def _is_words(name: str) -> bool:
    # Brackets, quotes or line breaks in a label could be mistaken for a part of the prompt.
    try:
        return checked_name(name) == name
    except ValueError:
        return False


def _pairs(pairs: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"<{name}, {probability:.2f}>" for name, probability in pairs)
