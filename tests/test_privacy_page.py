from __future__ import annotations

import json
import re
from pathlib import Path

from infra import topics
from operators.prompting import load_template, messages
from tests.operators.prompted_record import CATEGORIES, record

PAGE = (Path(__file__).parents[1] / "docs" / "PRIVACY.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z.]+)` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def captured() -> str:
    """What a model would be sent of a record, one line a part."""
    now = record(unknown=False)
    before = record(start_ns=now.start_ns - 60_000_000_000, sound_events={"water tap": 0.6})
    content = json.loads(messages(load_template(), now, CATEGORIES, [before])[-1]["content"])
    return json.dumps(content, indent=2)


def test_every_topic_is_on_the_page_with_its_retention() -> None:
    rows = dict(ROW.findall(PAGE))
    assert set(rows) == {topic.name for topic in topics.TOPICS}
    for topic in topics.TOPICS:
        if topic.name in topics.RAW:
            assert rows[topic.name].endswith(
                f"(1 h) once it was processed; {topic.kept_for} where it was not"
            )
        else:
            assert rows[topic.name].endswith(topic.kept_for)


def test_the_example_is_what_a_model_is_sent() -> None:
    [example] = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)
    assert example == captured()
    for secret in ("alice", "secret", "1772438400", "2026"):
        assert secret not in example
