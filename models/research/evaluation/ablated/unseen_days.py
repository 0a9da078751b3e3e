"""Unseen life, and how well a scenario network does on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.egolog import scenario as of_scenario
from models.research.lib.metrics import micro_f1
from models.simulation.sources.material import unseen_material

if TYPE_CHECKING:
    from models.egolog.contrastive import Encoders
    from models.egolog.scenario import ScenarioNet
    from models.research.egolog.context import TrainingContext
    from models.research.egolog.days.encoded import EncodedDays
    from models.simulation.sources.material import Material


def material_of(context: TrainingContext) -> Material:
    """Return the material of unseen life; raises `ValueError` without recordings."""
    if context.data is None:
        raise ValueError("ablations need recordings; expected EGOLOG_SHARED_DATA set")
    return unseen_material(context.data)


def scenario_f1(network: ScenarioNet, encoders: Encoders, test: EncodedDays) -> float:
    """Return the F1, micro-averaged, of the scenarios of encoded days."""
    windows = of_scenario.cut_windows(test, encoders.space)
    return micro_f1(of_scenario.predict(network, windows), windows.scenarios.cpu().numpy())
