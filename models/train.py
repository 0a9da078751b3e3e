"""Train a network and save its weights: `python -m models.train NAME [--minutes M]`.

Names: localization, encoders, scenario, har, or all in that order. Clips are simulated; where the
real recordings are there (EGOLOG_SHARED_DATA, or ../shared/data), real sounds, ears and motion are
mixed in. Checkpoints are chosen on validation seeds, clips and users, never on those of the test.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch

from models.contrastive import Encoders
from models.localization import Localization
from models.registry import WEIGHTS_DIR, Registry
from models.text import ScenarioText
from models.training import encoders, har, localization, scenario
from models.training.fit import Fit
from models.training.sources import Sources, shared_data

NAMES = ("localization", "encoders", "scenario", "har")
# Shares of --minutes for `all`; the mono localizer takes a third of localization's.
SHARES = {"localization": 0.35, "encoders": 0.45, "scenario": 0.1, "har": 0.1}
CACHE = Path(tempfile.gettempdir()) / "egolog-clips"


def train(
    name: str, minutes: float, seed: int, out: Path, cache: Path, resume: bool = False
) -> None:
    """Train `name` for about `minutes` on one thread and save it to the folder `out`.

    `resume` starts localization and the encoders from the weights that `out` holds.
    """
    torch.set_num_threads(1)
    data = shared_data()
    sources = {
        "train": Sources("train", seed, cache, data),
        "validation": Sources("validation", seed, cache, data),
    }
    registry = Registry(out)
    if name == "localization":
        for model, maps, share in (("localization", 3, 0.7), ("localization_mono", 1, 0.3)):
            begun = cast(Localization, registry.load(model).module) if resume else None
            settings = Fit(minutes * share, rate=2e-3)
            network = localization.train(sources, settings, seed, maps, begun)
            _say(registry.save(model, network).revision, registry.path(model))
        return
    if name == "encoders":
        start = cast(Encoders, registry.load(name).module) if resume else None
        saved = registry.save(name, encoders.train(sources, Fit(minutes, rate=2e-3), seed, start))
        _say(saved.revision, registry.path(name))
        return
    trained = cast(Encoders, registry.load("encoders").module)
    if name == "scenario":
        saved = registry.save(name, scenario.train(sources, trained, Fit(minutes), seed))
    else:
        text = cast(ScenarioText, registry.load("scenario_text").module)
        saved = registry.save(name, har.train(sources, trained, text, Fit(minutes), seed))
    _say(saved.revision, registry.path(name))


def _say(revision: str, path: Path) -> None:
    print(f"saved {path} revision {revision}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, "all"))
    parser.add_argument("--seed", type=int, default=0, help="decides clips, weights and batches")
    parser.add_argument("--minutes", type=float, default=5.0, help="of training, data excluded")
    parser.add_argument("--out", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder that keeps the clips")
    parser.add_argument("--resume", action="store_true", help="train the weights in --out further")
    options = parser.parse_args(arguments)
    if options.minutes <= 0:
        parser.error(f"--minutes is {options.minutes}; want more than 0")
    for name in NAMES if options.name == "all" else (options.name,):
        share = SHARES[name] if options.name == "all" else 1.0
        minutes = options.minutes * share
        train(name, minutes, options.seed, options.out, options.cache, options.resume)


if __name__ == "__main__":
    main()
