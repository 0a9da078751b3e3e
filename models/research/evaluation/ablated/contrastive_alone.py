"""What the contrastive loss itself gives: stages with and without it, all else alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from models.egolog.contrastive import SharedSpace
from models.research.egolog import contrastive, recipes
from models.research.egolog import scenario as of_scenario
from models.research.egolog.contrastive import StageLosses
from models.research.egolog.days.composed import compose
from models.research.egolog.days.encoded import encode_segments
from models.research.egolog.days.feature_scale import FeatureScale, reset_standardisation
from models.research.evaluation.ablated.unseen_days import material_of, scenario_f1
from models.research.evaluation.composed_days import scores as composed_life

if TYPE_CHECKING:
    from models.egolog.contrastive import Encoders
    from models.egolog.scenario import ScenarioNet
    from models.research.egolog.context import TrainingContext
    from models.research.evaluation.ablated.budget import TrainingBudget

# What the stage teaches: all four networks above it are the same and train alike.
LOSSES: dict[str, StageLosses] = {
    "neither": StageLosses(space=False, labels=False),
    "contrastive": StageLosses(labels=False),
    "labels": StageLosses(space=False),
    "contrastive + labels": StageLosses(),
}
# What the contrastive loss alone changes: without and with the supervised heads beside it.
PAIRS = (("contrastive", "neither"), ("contrastive + labels", "labels"))


def contrastive_alone(
    context: TrainingContext, budget: TrainingBudget
) -> dict[str, dict[str, float]]:
    """Return the scenario's F1 on unseen life for each of `LOSSES`, all else alike."""
    unseen = compose(
        composed_life.SEED + context.seed,
        composed_life.STRETCHES,
        composed_life.STRETCH_S,
        material_of(context),
        context.cache,
        mono=False,
    )
    figures = {}
    for name in LOSSES:
        cell = train_with(context, name, budget)
        test = cell.scale.of(encode_segments(cell.encoders, [unseen], fast=True))
        figures[name] = scenario_f1(cell.network, cell.encoders, test)
        print(f"seed {context.seed}, {name}: F1 {figures[name]:.3f}", flush=True)
    # Paired: both cells of a seed are measured on the same days.
    differences = {
        f"{name} − {without}": figures[name] - figures[without] for name, without in PAIRS
    }
    return {"contrastive_alone": figures, "contrastive_differences": differences}


@dataclass(frozen=True)
class TrainedCell:
    """Encoders, whose space takes features on `scale`, and the network above them, which does."""

    encoders: Encoders
    network: ScenarioNet
    scale: FeatureScale


def train_with(context: TrainingContext, losses: str, budget: TrainingBudget) -> TrainedCell:
    """Return encoders whose stage had the losses `LOSSES[losses]`, and the network above them.

    Both train on the composed days only, without the demo's simulated ones, and above a new space:
    the shipped one was trained with the contrastive loss. The network takes standardised features:
    a short stage with new heads shifts features by many times their spread, and the noise that the
    network trains with is a share of their standard deviation, shifts included.
    """
    encoders = context.encoders()
    torch.manual_seed(context.seed)
    encoders.space = SharedSpace(encoders.config.space)
    composed = context.train_days[:-1]
    encoders = contrastive.train(
        encoders,
        composed,
        context.validation_days,
        recipes.POSITIVE,
        budget.stage,
        context.seed,
        LOSSES[losses],
        context.device,
        budget.segments,
    )
    days = encode_segments(encoders, composed, fast=True)
    check = encode_segments(encoders, [context.validation_days], fast=True)
    scale = FeatureScale.of_days(days)
    if LOSSES[losses].space:
        scale.rescale(encoders.space)
    else:
        # Nothing trained it: its inputs are standardised as they are.
        reset_standardisation(encoders.space)
    network = of_scenario.train(
        scale.of(days),
        scale.of(check),
        encoders.space,
        budget.network,
        context.seed,
        batch=budget.windows,
    )
    return TrainedCell(encoders, network, scale)
