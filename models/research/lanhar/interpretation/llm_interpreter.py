"""Interpretations of windows by an endpoint, in the same form as by template (LanHAR §3.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from models.research.lanhar.interpretation import prompt
from models.research.lanhar.interpretation.analysis import Analysis, analyse_all
from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lanhar.interpretation.llm_batch import EndpointError, Estimate, LlmBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.lanhar.interpretation.windows import Windows


class Chosen(BaseModel):
    """The patterns selected in one category."""

    category: str = Field(min_length=1, max_length=80)
    patterns: list[str] = Field(max_length=20)


class ReadingAnswer(BaseModel):
    """The answer that the prompt requests."""

    patterns: list[Chosen] = Field(max_length=40)
    interpretation: str = Field(min_length=10, max_length=4_000)

    def interpretation_by(self, source: str) -> Interpretation:
        """Return the answer as an interpretation; repeated categories are merged."""
        joined: dict[str, tuple[str, ...]] = {}
        for chosen in self.patterns:
            names = tuple(" ".join(name.split()) for name in chosen.patterns if name.strip())
            if names:
                joined[chosen.category] = (*joined.get(chosen.category, ()), *names)
        return Interpretation(patterns=joined, text=self.interpretation, source=source)


@dataclass(frozen=True)
class LlmInterpreter:
    """Interprets windows by an endpoint; `designed` False uses the plain prompt."""

    endpoint: LlmBatch
    states: tuple[str, ...] = prompt.STATES
    designed: bool = True

    def asked(
        self, windows: Windows, analyses: Sequence[Analysis] | None = None
    ) -> list[prompt.Messages]:
        """Return the prompt for every window."""
        if not self.designed:
            return [prompt.simple(window) for window in windows.data]
        analyses = analyse_all(windows.data) if analyses is None else analyses
        return [
            prompt.reading(
                windows.data[index],
                analysis,
                position=str(windows.position[index]),
                device=str(windows.device[index]),
                states=self.states,
            )
            for index, analysis in enumerate(analyses)
        ]

    def estimate(self, asked: Sequence[prompt.Messages]) -> Estimate:
        """Return the estimated cost of these prompts."""
        return self.endpoint.estimate(asked, ReadingAnswer)

    def interpret(
        self, asked: Sequence[prompt.Messages], about: str = "interpret"
    ) -> list[Interpretation | EndpointError]:
        """Send the prompts; a failure is returned as its error, and retried by the next run."""
        answers = self.endpoint.ask_all(asked, ReadingAnswer, about)
        source = self.endpoint.config.model
        return [
            answer if isinstance(answer, EndpointError) else answer.interpretation_by(source)
            for answer in answers
        ]

    def again(
        self, asked: Sequence[prompt.Messages], previous: Sequence[Interpretation]
    ) -> list[Interpretation | EndpointError]:
        """Ask again with the correction prompt of §3.3.3."""
        corrections = [
            prompt.correction(messages, interpretation)
            for messages, interpretation in zip(asked, previous, strict=True)
        ]
        return self.interpret(corrections, "ask again")
