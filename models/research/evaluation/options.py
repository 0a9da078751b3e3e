"""Common options of the evaluation commands: the folder of recordings, and its absent parts."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

from models.egolog.contrastive import ENCODERS
from models.egolog.har import HAR
from models.egolog.localization import LOCALIZATION
from models.research.egolog.days import disturbed as disturbed_days
from models.research.lib.recordings_folder import given_or_shared
from models.research.lib.weights_folder import weights_folder
from models.serving.registry import WEIGHTS_DIR
from models.simulation.sources.material import missing
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from pathlib import Path

    from models.serving.registry import Registry


def measured_data(parser: ArgumentParser, options: Namespace) -> Path | None:
    """Return the folder of `--data` or the shared one, or None; its absent parts are printed.

    Exits if `--data` is not a folder or `--seed` is negative.
    """
    check_minimums(parser, options, seed=0)
    data = given_or_shared(parser, options)
    if data is None:
        print("no recordings (--data, EGOLOG_SHARED_DATA): only simulated life is measured")
        return None
    for path in missing(data):
        print(f"skipped: {path} is not in {data}")
    return data


def weights_measured(registry: Registry) -> str:
    """Return the revisions of the evaluated weights as text for a page."""
    keys = (ENCODERS, HAR, LOCALIZATION)
    return "weights " + ", ".join(f"{registry.weights(k).revision} ({k.name})" for k in keys)


def choosing_options(prog: str, about: str | None, arguments: Sequence[str] | None) -> Namespace:
    """Return the options of a command that chooses on composed minutes with a far loudspeaker.

    These are `seeds`, `stretches`, `weights` and `cache`. Exits if one is too small.
    """
    parser = ArgumentParser(prog=prog, description=about)
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1], help="random seeds of the composed days"
    )
    parser.add_argument(
        "--stretches", type=int, default=disturbed_days.STRETCHES, help="number of composed minutes"
    )
    parser.add_argument(
        "--weights",
        type=weights_folder,
        default=WEIGHTS_DIR,
        help="folder of the weights to choose for",
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0, stretches=1)
    return options
