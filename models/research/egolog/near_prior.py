"""How often a sound is near in life, put into what localization says of near and far.

Localization learns, and is calibrated, from seconds whose sources are as often near as far. In life
most of what is heard is far. Where no cue tells them apart (in the dry, ahead) the probability
should be that of life, and where there is one its log-odds move by as much:

    python -m models.research.egolog.near_prior --weights DIR --out FILE

counts composed validation days, and writes weights that were calibrated for an even share, as
`python -m models.research.egolog localization` leaves them, with the share of life.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import logit

from models.egolog.localization import LOCALIZATION
from models.recordings.shared_data import shared_data
from models.research.egolog import placed_days
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material
from schemas.evidence import DISTANCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.egolog.localization import Localization
    from models.research.egolog.placed_days import PlacedDays


def near_share(days: PlacedDays) -> float:
    """Return how many of the regions in which something is heard in a second are near.

    Localization judges each region by itself, so all count, whatever else sounds in their second.
    """
    regions = days.sounds.any(axis=2)  # (N, L, 8)
    by_distance = regions.reshape(-1, len(DISTANCES)).sum(axis=0)
    return float(by_distance[DISTANCES.index("near")] / by_distance.sum())


def with_prior(network: Localization, share: float) -> Localization:
    """Return a network, calibrated for an even share of near sources, for another `share`.

    The log-odds of near against far move by those of the share, half of it in either.
    """
    shifted = copy.deepcopy(network)
    half = float(logit(share)) / 2
    signs = [half if distance == "near" else -half for distance in DISTANCES]
    shifted.offset.add_(torch.tensor(signs))
    return shifted


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.egolog.near_prior", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed of the composed days")
    parser.add_argument(
        "--stretches", type=int, default=placed_days.STRETCHES, help="number of composed minutes"
    )
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights to read"
    )
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    parser.add_argument("--out", type=Path, help="output file of the weights")
    options = parser.parse_args(arguments)
    for name, least in (("seed", 0), ("stretches", 1)):
        if getattr(options, name) < least:
            parser.error(f"--{name} is {getattr(options, name)}; expected {least} or more")
    pin_one_thread()
    material = Material.read(shared_data(), "validation", elsewhere=False)
    with tempfile.TemporaryDirectory(prefix="egolog-prior-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)
        days = placed_days.compose(options.seed, material, cache, options.stretches)
    share = near_share(days)
    registry = Registry(options.weights)
    network = registry.load(LOCALIZATION).module
    shifted = with_prior(network, share)
    before, after = (np.round(each.offset.numpy(), 3).tolist() for each in (network, shifted))
    print(f"near is {share:.3f} of what is heard; offsets {before} -> {after}")
    if options.out is not None:
        saved = registry.save(LOCALIZATION, shifted, options.out, half=True)
        print(f"wrote {options.out}, revision {saved.revision}")


if __name__ == "__main__":
    main()
