"""An interpretation of a window of motion: matching patterns and a text (LanHAR §3.3.1).

The template interpreter and endpoints share this form, so that training does not depend on the
source.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

# The name in existing files of interpretations.
TEMPLATE_INTERPRETER = "narrator"


class Interpretation(BaseModel):
    """The interpretation of one window.

    `patterns` maps a category to the names of the patterns in it; an endpoint may add names of its
    own. `text` is the interpretation for the text encoder, `source` its author.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    patterns: dict[str, tuple[str, ...]]
    text: str = Field(min_length=1, max_length=4_000)
    source: str = TEMPLATE_INTERPRETER
    detail: int = 0

    @field_validator("text")
    @classmethod
    def _one_line(cls, text: str) -> str:
        joined = " ".join(text.split())
        if not joined:
            raise ValueError("text is empty; expected sentences")
        return joined
