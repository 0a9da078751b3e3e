"""The prompt for describing an activity (LanHAR §3.3.2, fig. 7), and the schema of its answer.

The template `prompts/label_v1.txt` lists the patterns that interpretations are made of, so that
descriptions and interpretations use the same vocabulary.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from models.lanhar.descriptions import Description

VERSION = "v1"
VIEWS = (
    "give the plain and general picture",
    "describe someone doing it in everyday life",
    "take the view of a sensor at the waist or on the head",
    "take the view of a sensor in a trouser pocket or on the wrist",
    "be short and stress what tells it from similar activities",
)
MIN_ANSWER_TOKENS = 700
"""Room for three aspects of three sentences each."""

_Sentences = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=900)]


class LabelAnswer(BaseModel):
    """The answer's schema: the three aspects of a description."""

    general: _Sentences
    sensors: _Sentences
    body: _Sentences

    def description(self) -> Description:
        """Return the aspects as a description."""
        return Description(self.general, self.sensors, self.body)


def label_prompt(name: str, number: int) -> list[dict[str, str]]:
    """Return the chat that asks for the `number`-th description of an activity."""
    text = _template().substitute(label=name, view=VIEWS[number % len(VIEWS)])
    return [{"role": "user", "content": text}]


@cache
def _template() -> Template:
    path = files("models.lanhar") / "prompts" / f"label_{VERSION}.txt"
    return Template(path.read_text(encoding="utf-8"))
