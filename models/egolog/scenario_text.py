"""Text embeddings of scenario names (EgoLog §4.3), precomputed and shipped as a table."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn, zeros

from models.labels import SCENARIOS
from models.network.key import Config, Key

TEXT_DIMENSIONS = 384


class ScenarioText(nn.Module):
    """Table (16, 384) of unit vectors by all-MiniLM-L6-v2, in the order of `SCENARIOS`."""

    table: Tensor

    def __init__(self, table: Tensor | None = None) -> None:
        super().__init__()
        start = zeros(len(SCENARIOS), TEXT_DIMENSIONS) if table is None else table
        self.register_buffer("table", start)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return an empty table; its size is fixed."""
        del config
        return cls()

    def lookup(self, names: list[str]) -> Tensor:
        """Return (K, 384) for K scenario names; raises `ValueError` naming an unknown one."""
        for name in names:
            if name not in SCENARIOS:
                raise ValueError(
                    f"scenario {name!r} has no text embedding; expected one of SCENARIOS"
                )
        return self.table[[SCENARIOS.index(name) for name in names]]


SCENARIO_TEXT = Key("scenario_text", ScenarioText.from_config, ("scenarios",))
