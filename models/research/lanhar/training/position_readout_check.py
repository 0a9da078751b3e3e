"""Scores of validation users by readouts of pockets that were trained without them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.lanhar.label_memory import LabelMemory
from models.lanhar.position_readout import ReadoutConfig, redistribute
from models.network.softmax import softmax
from models.research.lanhar.training.pocket_windows import FILES, Array, PocketWindows, concatenate
from models.research.lanhar.training.readout_training import SHARES, train_readout
from models.research.lanhar.training.scores import LEVEL, SURE, macro_f1
from models.research.lib.metrics import calibration_error
from models.research.lib.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.lanhar.readout_weights import ReadoutWeights
    from schemas.position import Place

CONFIDENCES = (0.8, 1.0, 1.1, 1.2, 1.25, 1.5)


@dataclass(frozen=True)
class RankingScores:
    """What a user reads of a ranking; `level` is the macro-F1 over windows of `LEVEL`."""

    macro_f1: float
    level: float
    calibration_error: float
    confidently_wrong: float


def leave_one_out(
    learned: Sequence[PocketWindows], checked: Sequence[PocketWindows]
) -> Iterator[tuple[list[PocketWindows], list[PocketWindows]]]:
    """Yield, for one validation user of each data set at a time, all other windows and theirs."""
    users = [list(dict.fromkeys(part.wearers.tolist())) for part in checked]
    for turn in range(max(map(len, users))):
        own = [
            np.isin(part.wearers, known[turn : turn + 1])
            for part, known in zip(checked, users, strict=True)
        ]
        others = [
            concatenate(train, part.of(~rows))
            for train, part, rows in zip(learned, checked, own, strict=True)
        ]
        yield others, [part.of(rows) for part, rows in zip(checked, own, strict=True)]


def score_ranking(
    memory: LabelMemory, position: Place, windows: PocketWindows, shares: Array
) -> RankingScores:
    """Return the scores of windows with `shares` (N, K), remembered as in the stream."""
    names = np.array(memory.names)
    latest: defaultdict[str, Sequence[float]] = defaultdict(tuple)
    true, found, sure = [], [], []
    for own, right, wearer, start_s in zip(
        shares, windows.right, windows.wearers, windows.starts_s, strict=True
    ):
        latest[wearer] = memory.after(latest[wearer], float(start_s), own, position)
        if not right.any():
            continue
        remembered = memory.shares(latest[wearer], position)
        best = int(remembered.argmax())
        found.append(memory.names[best])
        true.append(memory.names[best] if right[best] else min(names[right]))
        sure.append(float(remembered[best]))
    truth, first, share = np.array(true), np.array(found), np.array(sure)
    hit, level = truth == first, np.isin(truth, LEVEL)
    return RankingScores(
        macro_f1(truth, first),
        macro_f1(truth[level], first[level]),
        calibration_error(share, hit),
        float(((share >= SURE) & ~hit).mean()),
    )


def check_readouts(
    learned: Sequence[PocketWindows],
    checked: Sequence[PocketWindows],
    config: ReadoutConfig,
    names: tuple[str, ...],
    seeds: Sequence[int],
) -> None:
    """Print the scores of validation users by readouts that were trained without them."""
    ranked: list[list[PocketWindows]] = [[] for _ in checked]
    plain: list[list[Array]] = [[] for _ in checked]
    corrected: list[list[list[Array]]] = [[[] for _ in seeds] for _ in checked]
    for others, own in leave_one_out(learned, checked):
        readouts = [
            train_readout(list(zip(others, SHARES, strict=True)), config, names, seed)
            for seed in seeds
        ]
        for at, part in enumerate(own):
            ranked[at].append(part)
            plain[at].append(np.array([softmax(row) for row in part.logits]))
            for each, module in zip(corrected[at], readouts, strict=True):
                each.append(_shares(module, part, names))
    columns = [each.name for each in fields(RankingScores)]
    for name, parts, before, after in zip(FILES, ranked, plain, corrected, strict=True):
        whole = concatenate(*parts)
        rows = []
        for confidence in CONFIDENCES:
            memory = LabelMemory(names, confidence, {})
            without = _score_users(before, whole, memory, config.position)
            with_it = [_score_users(each, whole, memory, config.position) for each in after]
            for what, values in (("without", [without]), ("with", with_it)):
                figures = np.array([list(vars(score).values()) for score in values])
                spread = zip(figures.mean(axis=0), figures.std(axis=0), strict=True)
                rows.append(
                    [str(confidence), what, *(f"{mean:.3f} ± {sd:.3f}" for mean, sd in spread)]
                )
        print(f"\n{name}\n" + table(["confidence", "readout", *columns], rows), flush=True)


def _score_users(
    shares: Sequence[Array], windows: PocketWindows, memory: LabelMemory, position: Place
) -> RankingScores:
    rows = [each for each in shares if len(each)]
    return score_ranking(memory, position, windows, np.concatenate(rows))


def _shares(module: ReadoutWeights, windows: PocketWindows, names: Sequence[str]) -> Array:
    """Return the probabilities (N, K) of windows as `PositionReadout.shares` has them."""
    with torch.inference_mode():
        values = module.standardised(torch.from_numpy(windows.measures))
        corrections = module(values).double().numpy()
    known = module.config.names
    return np.array(
        [
            redistribute(names, logits, known, own)
            for logits, own in zip(windows.logits, corrections, strict=True)
        ]
    ).reshape(-1, len(names))
