"""Fit the offline expert's table: `python -m models.research.egolog.offline_expert --cache DIR`.

It is fitted on days of the validation part: the networks were not trained on it, so records are
uncertain as often as a new wearer's. The test part is reserved for
`models.research.evaluation.self_training`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import logit
from torch import Tensor, nn

from models.egolog.offline_expert.evidence import ITEMS, NETWORK, NETWORK_UNIT, evidence
from models.egolog.offline_expert.expert import Expert, blend_log_odds
from models.labels import SCENARIOS
from models.research.egolog.households.days import Calendar, household_windows
from models.research.egolog.households.records import HouseholdWindows
from models.research.lib.cache_folder import cache_folder
from models.research.lib.column_dataset import ColumnDataset
from models.research.lib.error_lines import one_line_errors
from models.research.lib.metrics import micro_f1
from models.research.lib.recordings_folder import needed_recordings
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TABLE = Path(str(files("models.egolog.offline_expert") / "table.json"))
# Usual days, and domains with other mixes and proportions, to avoid overfitting to one domain.
CALENDARS = (
    Calendar(500, 3, (1,), 30, None, validation=True),
    Calendar(900, 2, (1, 1), 24, 0.52, validation=True),
    Calendar(910, 4, (1, 1), 20, 0.7, validation=True),
)
# Number of records of context, the refiner's five minutes.
CONTEXT = 10
STEPS = 400
RATE = 0.03
# Regularisation towards the initial weights: zero for the evidence, one for the network's estimate.
HOLD = 3e-2
# Loss weight of uncertain windows, for which the expert is consulted.
DOUBT_WEIGHT = 3.0
DOUBT = 0.5
# Weight of the expert's belief in a refined record, the rest is the record's own estimate; chosen
# by `models.research.evaluation.self_training --validation --shares`.
OWN_SHARE = 0.33
_DECIMALS = 3
_FOLDS = 4


@dataclass(frozen=True)
class ExpertExamples(ColumnDataset):
    """Evidence (N, CONTEXT + 1, E), oldest first; `there` (N, CONTEXT + 1) bool if present.

    `truth` (N, 16), and `doubt` (N,) bool for uncertain windows, are of the last one.
    """

    evidence: Tensor
    there: Tensor
    truth: Tensor
    uncertainty: Tensor

    @classmethod
    def of(cls, days: HouseholdWindows) -> ExpertExamples:
        """Build an example from each window and those before it on the same day."""
        each = np.stack([evidence(days.record(n)) for n in range(len(days))]).astype(np.float32)
        last: list[NDArray[np.int64]] = []
        order: list[int] = []
        for day in days.days():
            for at, number in enumerate(day):
                last.append(np.concatenate([np.full(CONTEXT, -1), day[: at + 1]])[-CONTEXT - 1 :])
                order.append(int(number))
        index = np.stack(last)
        return cls(
            torch.from_numpy(each[np.maximum(index, 0)]),
            torch.from_numpy(index >= 0),
            torch.from_numpy(days.truth[order]),
            torch.from_numpy(days.confidence[order] < DOUBT),
        )


class Chains(nn.Module):
    """The expert as a trainable module: see `Expert.believe`."""

    def __init__(self) -> None:
        super().__init__()
        weights = torch.zeros(len(ITEMS), len(SCENARIOS))
        weights[NETWORK] = NETWORK_UNIT * torch.eye(len(SCENARIOS))
        self.register_buffer("initial", weights)
        self.weights = nn.Parameter(weights.clone())
        self.bias = nn.Parameter(torch.full((len(SCENARIOS),), 2.0))
        self.stay = nn.Parameter(torch.full((len(SCENARIOS),), 2.0))
        self.start = nn.Parameter(torch.full((len(SCENARIOS),), -4.0))

    def forward(self, examples: ExpertExamples) -> Tensor:
        """Return the log-odds (N, 16) of each window's scenarios."""
        speaks = examples.evidence @ self.weights + self.bias  # (N, T, 16)
        stay, start = self.stay.sigmoid(), self.start.sigmoid()
        rest = start / (1 - stay + start)
        probability = rest.expand(len(speaks), -1)
        belief = torch.zeros_like(speaks[:, 0])
        for step in range(speaks.shape[1]):
            before = (
                examples.there[:, step - 1, None] if step else torch.zeros(len(speaks), 1).bool()
            )
            passed = probability * stay + (1 - probability) * start
            probability = torch.where(before, passed, rest)
            belief = torch.logit(probability, eps=1e-6) + speaks[:, step]
            probability = torch.where(examples.there[:, step, None], belief.sigmoid(), rest)
        return belief


def fit(examples: ExpertExamples, hold: float = HOLD, steps: int = STEPS) -> Chains:
    """Return the chains of least loss, regularised towards the network's own estimate."""
    chains = Chains()
    weight = 1.0 + (DOUBT_WEIGHT - 1.0) * examples.uncertainty.float()[:, None]
    optimizer = torch.optim.Adam(chains.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        wrong = nn.functional.binary_cross_entropy_with_logits(
            chains(examples), examples.truth, weight
        )
        distance = (chains.weights - chains.get_buffer("initial")).square().sum() / len(SCENARIOS)
        optimizer.zero_grad()
        (wrong + hold * distance).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return chains


def table_text(chains: Chains, name_above: float) -> str:
    """Return the table in the text format that ships."""

    def round_all(values: Tensor) -> list[float]:
        return [round(float(value), _DECIMALS) for value in values.detach()]

    stay, start = (round_all(torch.sigmoid(each)) for each in (chains.stay, chains.start))
    table: dict[str, Any] = {
        "scenarios": list(SCENARIOS),
        "name_above": name_above,
        "own_share": OWN_SHARE,
        "bias": round_all(chains.bias),
        "chains": {
            name: {"stay": min(stay[at], 0.999), "start": max(start[at], 0.001)}
            for at, name in enumerate(SCENARIOS)
        },
        "log_odds": {item: round_all(chains.weights[at]) for at, item in enumerate(ITEMS)},
    }
    return json.dumps(table, indent=1) + "\n"


def likeliest(belief: NDArray[np.float32], name_above: float) -> NDArray[np.float32]:
    """Return the scenarios (N, 16) named for log-odds (N, 16), at least one per row."""
    probability = 1.0 / (1.0 + np.exp(-belief))
    named = (probability >= name_above).astype(np.float32)
    named[np.arange(len(named)), probability.argmax(axis=1)] = 1.0
    return named


def best_threshold(belief: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Return the highest threshold of probabilities (N, C) with the best micro-F1."""
    scores = {at: micro_f1(likeliest(belief, at), truth) for at in (0.3, 0.35, 0.4, 0.45, 0.5)}
    return max(scores, key=lambda at: (scores[at], at))


def cross_validated(
    examples: ExpertExamples, groups: NDArray[np.int64], hold: float = HOLD, steps: int = STEPS
) -> Tensor:
    """Return log-odds (N, 16), each by chains fitted without the window's wearer."""
    out = torch.zeros_like(examples.truth)
    wearers = np.unique(groups)
    for fold in range(_FOLDS):
        held_out = np.isin(groups, wearers[fold::_FOLDS])
        if held_out.any() and not held_out.all():
            chains = fit(examples.take(~held_out), hold, steps)
            with torch.no_grad():
                out[torch.from_numpy(held_out)] = chains(examples.take(held_out))
    return out


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.egolog.offline_expert", description=__doc__
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    parser.add_argument(
        "--out", type=output_file, default=str(TABLE), help="output file of the table"
    )
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    check_minimums(parser, options, processes=1)
    data = needed_recordings(parser, options)
    pin_one_thread()
    torch.manual_seed(0)
    with cache_folder(options.cache) as cache:
        parts = [
            household_windows(calendar, WEIGHTS_DIR, data, cache, options.processes)
            for calendar in CALENDARS
        ]
    days = HouseholdWindows.concatenate(
        [replace(part, wearer=part.wearer + number * 100) for number, part in enumerate(parts)]
    )
    order = np.concatenate(list(days.days()))
    examples, uncertainty = ExpertExamples.of(days), days.confidence[order] < DOUBT
    alone = cross_validated(examples, days.wearer[order]).numpy()
    estimate = logit(days.scenarios[order].clip(1e-6, 1 - 1e-6))
    belief = blend_log_odds(alone, estimate, OWN_SHARE).astype(np.float32)
    truth = days.truth[order]
    above = best_threshold(belief, truth)
    first = np.eye(len(SCENARIOS), dtype=np.float32)[days.scenarios[order].argmax(axis=1)]
    named = likeliest(belief, above)
    before = micro_f1(first[uncertainty], truth[uncertainty])
    after = micro_f1(named[uncertainty], truth[uncertainty])
    print(
        f"{len(days)} windows, {int(uncertainty.sum())} in doubt; of wearers not learned from, "
        f"micro-F1 in doubt {before:.3f} -> {after:.3f}, named above {above:g}"
    )
    write_atomically(options.out, table_text(fit(examples), above))
    print(f"wrote {options.out}: {Expert.parse(options.out.read_text()).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
