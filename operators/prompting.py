"""The scenario prompt of EgoLog §4.4.1, and the reading of its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from operators.gate import far_field
from schemas import Scenario

_TOP_EVENTS = 5
_TOP_ACTIVITIES = 3
_TOP_DESCRIPTIONS = 3
_EXAMPLE_CATEGORY = "Cooking"


@dataclass(frozen=True)
class Template:
    """A prompt template and its version, which every refined record carries."""

    version: str
    texts: Mapping[str, Any]


def load_template(name: str = "scenario.v2") -> Template:
    """Return a template that comes with the package."""
    texts = json.loads((files("operators") / "prompts" / f"{name}.json").read_text())
    return Template(texts["version"], texts)


def messages(
    template: Template, record: Scenario, categories: Sequence[str]
) -> list[dict[str, str]]:
    """Return the chat messages for one scenario record.

    Only labels and numbers go in, of our own closed sets and of the vocabulary that whoever runs
    the pipeline keeps: no identifier of the wearer, no time and no name that a device could choose.
    """
    texts = template.texts
    example = texts["example"] if _EXAMPLE_CATEGORY in categories else []
    return [
        {
            "role": "system",
            "content": texts["role"].format(categories=json.dumps(list(categories))),
        },
        *example,
        {"role": "user", "content": " ".join(_sentences(texts, record))},
    ]


def read_answer(answer: str, categories: Sequence[str]) -> str | None:
    """Return the category that the answer names, or None when it names none of them."""
    line = answer.strip().splitlines()[0] if answer.strip() else ""
    said = line.strip().strip("\"'`.*<> ").casefold()
    return next((name for name in categories if name.casefold() == said), None)


def _sentences(texts: Mapping[str, Any], record: Scenario) -> list[str]:
    events = _top(record.sound_events, _TOP_EVENTS)
    sentences = [
        texts["audio"].format(events=_pairs(events)) if events else texts["silence"],
    ]
    sentences += [_place(texts, event, record.spatial) for event, _ in events]
    if record.motion:
        sentences.append(texts["motion"].format(motions=_pairs(_top(record.motion, 2))))
    seen: dict[str, float] = {}
    described: dict[str, float] = {}
    for span in record.activities:
        seen[span.activity] = max(seen.get(span.activity, 0.0), span.probability)
        for name, probability in span.open_vocabulary.items():
            described[name] = max(described.get(name, 0.0), probability)
    if seen:
        sentences.append(texts["activities"].format(activities=_pairs(_top(seen, _TOP_ACTIVITIES))))
    if described:
        pairs = _pairs(_top(described, _TOP_DESCRIPTIONS))
        sentences.append(texts["descriptions"].format(descriptions=pairs))
    scenario, confidence = _top(record.scenarios, 1)[0]
    sentences.append(texts["preliminary"].format(scenario=scenario, confidence=confidence))
    return sentences


def _place(texts: Mapping[str, Any], event: str, regions: Mapping[str, float]) -> str:
    if not regions or (far_field([regions]) or 0.0) < max(
        (p for name, p in regions.items() if name.endswith("-near")), default=0.0
    ):
        return str(texts["near"].format(event=event))
    location = max(
        (n for n in regions if n.endswith("-far")), key=lambda name: (regions[name], name)
    )
    return str(texts["far"].format(event=event, location=location.replace("-", " ")))


def _top(probabilities: Mapping[str, float], count: int) -> list[tuple[str, float]]:
    return sorted(probabilities.items(), key=lambda pair: (-pair[1], pair[0]))[:count]


def _pairs(pairs: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"<{name}, {probability:.2f}>" for name, probability in pairs)
