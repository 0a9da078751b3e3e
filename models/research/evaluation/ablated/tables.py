"""Tables 1 and 2 of EgoLog, and baselines, on unseen life."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models.research.egolog import baselines
from models.research.egolog import har as of_har
from models.research.egolog import scenario as of_scenario
from models.research.evaluation.ablated.unseen_days import material_of, scenario_f1
from models.research.evaluation.composed_days import scores as composed_life

if TYPE_CHECKING:
    from models.egolog.scenario import Sequence as SequenceModel
    from models.research.egolog.context import TrainingContext
    from models.research.evaluation.ablated.budget import TrainingBudget

# Row of Table 2: sequence model, contrastive stage.
CELLS: dict[str, tuple[SequenceModel, bool]] = {
    "multi-modal": ("none", False),
    "multi-modal + transformer": ("transformer", False),
    "+ contrastive": ("none", True),
    "+ contrastive + transformer": ("transformer", True),
    "+ contrastive + lstm": ("lstm", True),
}


def tables(context: TrainingContext, budget: TrainingBudget) -> dict[str, Any]:
    """Return the figures of Tables 1 and 2 and of the baselines on unseen life."""
    networks = composed_life.Networks.load(context.registry)
    life = composed_life.unseen_life(networks, material_of(context), context.seed, context.cache)
    days, check = context.encoded_days()
    figures: dict[str, Any] = {"scenario": {}}
    for name, (sequence, sharing) in CELLS.items():
        train, check_days, test = (
            each if sharing else each.plain() for each in (days, check, life.encoded)
        )
        network = of_scenario.train(
            train,
            check_days,
            networks.encoders.space,
            budget.network,
            context.seed,
            sequence=sequence,
            key_frames=sharing,
            batch=budget.windows,
        )
        figures["scenario"][name] = scenario_f1(network, networks.encoders, test)
        if name == "+ contrastive + transformer":
            har = of_har.train(days, check, networks.text, budget.network, context.seed)
            figures["har"] = composed_life.measure_har(
                replace(networks, scenario=network, har=har), life
            )
    for part, table in (("scenario", baselines.scenarios), ("har", baselines.activities)):
        figures[f"{part}_baselines"] = baselines.measure(
            table(days), table(check), table(life.encoded), context.seed
        )
    return figures
