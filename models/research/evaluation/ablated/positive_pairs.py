"""Both definitions of a positive pair, each with encoders of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.research.egolog import contrastive
from models.research.egolog import scenario as of_scenario
from models.research.egolog.context import PART
from models.research.egolog.days.encoded import encode
from models.research.evaluation.ablated.unseen_days import material_of, scenario_f1
from models.research.evaluation.composed_days import scores as composed_life

if TYPE_CHECKING:
    from models.egolog.contrastive import Positive
    from models.research.egolog.context import TrainingContext
    from models.research.evaluation.ablated.budget import TrainingBudget

POSITIVES: tuple[Positive, ...] = ("sample", "scenario")


def positive_pairs(context: TrainingContext, budget: TrainingBudget) -> dict[str, dict[str, float]]:
    """Return the scenario's F1, and retrieval of motion, by definition of a positive pair."""
    networks = composed_life.Networks.load(context.registry)
    life = composed_life.unseen_life(networks, material_of(context), context.seed, context.cache)
    figures: dict[str, dict[str, float]] = {"positive": {}, "retrieval": {}}
    small = replace(context, stretches=min(context.stretches, PART // 2))
    for positive in POSITIVES:
        encoders = contrastive.train(
            context.encoders(),
            small.train_days,
            small.validation_days,
            positive,
            budget.stage,
            context.seed,
            batch=budget.segments,
        )
        examples, check_days = small.encoded_by(encoders)
        test = encode(encoders, life.days)
        figures["retrieval"][positive] = contrastive.retrieval(encoders, test)
        network = of_scenario.train(
            examples,
            check_days,
            encoders.space,
            budget.network,
            context.seed,
            batch=budget.windows,
        )
        figures["positive"][positive] = scenario_f1(network, encoders, test)
    return figures
