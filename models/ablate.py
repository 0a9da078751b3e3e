"""Train and measure what the shipped design is compared with: `python -m models.ablate`.

On the shipped encoders, for each seed: both definitions of a positive pair, the cells of EgoLog's
Table 2 with both sequence models, Table 1's rows, and the baselines; all on the same composed days
with the same selection rule, measured on unseen life. Needs the recordings that were trained on.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from models.contrastive import Positive, SharedSpace
from models.measure import life
from models.registry import WEIGHTS_DIR
from models.scenario import ScenarioNet
from models.scenario import Sequence as SequenceModel
from models.training import baselines, contrastive
from models.training import har as of_har
from models.training import scenario as of_scenario
from models.training.encoded import EncodedDays
from models.training.fit import Fit
from models.training.material import Material
from models.training.metrics import micro_f1
from models.training.shared_data import shared_data
from models.training.split import unseen
from models.training.workshop import PART, Workshop

POSITIVES: tuple[Positive, ...] = ("sample", "scenario")
# Row of Table 2: sequence model, key frames.
CELLS: dict[str, tuple[SequenceModel, bool]] = {
    "multi-modal": ("none", False),
    "multi-modal + transformer": ("transformer", False),
    "+ contrastive": ("none", True),
    "+ contrastive + transformer": ("transformer", True),
    "+ contrastive + lstm": ("lstm", True),
}


def ablate(workshop: Workshop, minutes: float) -> dict[str, Any]:
    """Train everything for `minutes` each and return the figures on unseen life."""
    torch.set_num_threads(1)
    if workshop.data is None:
        raise ValueError("ablations need recordings; want EGOLOG_SHARED_DATA set")
    encoders, text, fit = workshop.encoders(), workshop.text(), Fit(minutes)
    days, check = workshop.encoded()
    networks = life.Networks.load(workshop.registry)
    material = Material.read(workshop.data, unseen(workshop.data), elsewhere=False)
    test = life.unseen_life(networks, material, workshop.seed, workshop.cache).encoded
    found: dict[str, Any] = {"positive": {}, "retrieval": {}, "scenario": {}, "har": {}}
    spaces = {}
    for positive in POSITIVES:
        space = contrastive.train(days, check, positive, fit, workshop.seed)
        found["retrieval"][positive] = contrastive.retrieval(space, test)
        network = of_scenario.train(days, check, space, fit, workshop.seed)
        found["positive"][positive] = _f1(network, space, test)
        spaces[positive] = space
    for name, (sequence, key_frames) in CELLS.items():
        network = of_scenario.train(
            days,
            check,
            spaces["scenario"],
            fit,
            workshop.seed,
            sequence=sequence,
            key_frames=key_frames,
        )
        found["scenario"][name] = _f1(network, spaces["scenario"], test)
        if name == "+ contrastive + transformer":
            networks = life.Networks(
                encoders, network, of_har.train(days, check, text, fit, workshop.seed), text
            )
            encoders.space = spaces["scenario"]
            found["har"] = life.measure_har(networks, life.Life(workshop.validation_days, test))
    for part, table in (("scenario", baselines.scenarios), ("har", baselines.activities)):
        found[f"{part}_baselines"] = baselines.measure(
            table(days), table(check), table(test), workshop.seed
        )
    return found


def _f1(network: ScenarioNet, space: SharedSpace, test: EncodedDays) -> float:
    windows = of_scenario.tiled(test, space)
    return micro_f1(of_scenario.predict(network, windows), windows.scenarios.numpy())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.ablate", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=0.7, help="of training, each network")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument("--cache", type=Path, help="folder that keeps the composed days")
    parser.add_argument("--stretches", type=int, default=3 * PART)
    parser.add_argument("--json", type=Path, required=True, help="write the figures to this file")
    options = parser.parse_args(arguments)
    data = shared_data()
    if data is None:
        parser.error("no recordings found; want EGOLOG_SHARED_DATA set, or ../shared/data")
    found = {}
    with tempfile.TemporaryDirectory(prefix="egolog-ablate-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)
        for seed in options.seeds:
            workshop = Workshop(data, options.weights, cache, seed, options.stretches)
            found[str(seed)] = ablate(workshop, options.minutes)
            options.json.write_text(json.dumps(found, indent=2))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
