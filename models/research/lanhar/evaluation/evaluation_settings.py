"""What a run from one data set to another trains, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from models.research.lanhar.baselines.learning import NETWORKS, BaselineSettings
from models.research.lanhar.training.distil import word_encoder
from models.research.lanhar.training.transfer import TransferSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.lanhar.text_encoder import TextEncoder
    from models.research.lanhar.interpretation.llm_batch import LlmBatch

HARGPT = "hargpt"
TRAINED_BASELINES = ("random_forest", *NETWORKS, "nuactiv", "dcnn_fine_tuned")
"""Those that ask no endpoint."""
BASELINES = (*TRAINED_BASELINES, HARGPT)


@dataclass(frozen=True)
class EvaluationSettings:
    """What is trained beside LanHAR, and how long; `only` are the baselines to run, () for all."""

    transfer: TransferSettings = field(default_factory=TransferSettings)
    baselines: BaselineSettings = field(default_factory=BaselineSettings)
    with_baselines: bool = True
    only: tuple[str, ...] = ()
    with_new: bool = True
    endpoint: LlmBatch | None = None
    text: Callable[[], TextEncoder] = word_encoder

    def quick(self) -> EvaluationSettings:
        """Return the same with a quarter of all steps."""
        return self.shorter(0.25)

    def shorter(self, share: float) -> EvaluationSettings:
        """Return the same with a share of all steps."""
        b = self.baselines
        return replace(
            self,
            transfer=self.transfer.shorter(share),
            baselines=replace(
                b, steps=int(b.steps * share), pretraining=int(b.pretraining * share)
            ),
        )

    def chosen_baselines(self) -> tuple[str, ...]:
        """Return the baselines to run; HARGPT needs an endpoint."""
        if not self.with_baselines:
            return ()
        known = [name for name in BASELINES if name != HARGPT or self.endpoint is not None]
        return tuple(name for name in known if not self.only or name in self.only)
