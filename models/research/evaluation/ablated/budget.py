"""How long the networks of a comparison train, all alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.research.egolog import contrastive
from models.research.egolog import scenario as of_scenario

if TYPE_CHECKING:
    from models.research.lib.fit import Fit


@dataclass(frozen=True)
class TrainingBudget:
    """What is compared trains alike: each network as `network` says, each stage as `stage` does.

    A step of a scenario network takes `windows` of 30 s, one of a stage `segments` of 2 s.
    """

    network: Fit
    stage: Fit
    windows: int = of_scenario.BATCH
    segments: int = contrastive.BATCH

    def report(self) -> dict[str, str | int | None]:
        """Return `network` and `stage` in words, and how many segments a stage draws if known."""
        steps = self.stage.steps
        return {
            "network": f"{_words(self.network)}, a scenario's in batches of {self.windows}",
            "stage": f"{_words(self.stage)}, in batches of {self.segments}",
            "segments": None if steps is None else steps * self.segments,
        }


def _words(settings: Fit) -> str:
    if settings.steps is None:
        return f"{settings.minutes:g} min"
    return f"{settings.steps} steps, {settings.minutes:g} min at most"
