"""Train the readout of labels in pockets: `python -m ...lanhar.training.position_readout`.

The network of `models.lanhar.position_readout` corrects the logits that the shipped sensor encoder
gives windows of pockets, as the stream cuts them, with the upright as it is known by then. Labels
of enough windows are learned, and count nearly alike however many windows they have. The weights
learn from training and validation users.

`--check` writes nothing: each validation user's windows are ranked in order, as in the stream, by a
readout that was trained on all other users, for several seeds. Macro-F1 is printed for settings to
be chosen by, and calibration for the position's `CONFIDENCE_AT` in `models.lanhar.label_memory`,
which no validation user of the final readout can choose any more.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from models.lanhar.label_memory import LabelMemory
from models.lanhar.position_readout import ReadoutConfig, redistribute
from models.lanhar.readout_weights import LANHAR_READOUT, ReadoutWeights
from models.lanhar.thigh import posture_logits
from models.lanhar.upright import uprights
from models.lanhar.vocabulary import TEMPERATURE
from models.network.softmax import softmax
from models.recordings.datasets.labelled_windows import read
from models.recordings.shared_data import IMU
from models.research.lanhar.training.scores import macro_f1
from models.research.lib.metrics import calibration_error
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import table
from models.serving.one_thread import pin_one_thread
from models.serving.open_vocabulary import require_lanhar
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.serving.open_vocabulary import Lanhar
    from schemas.position import Place

Array = NDArray[np.float64]

FILES = ("wisdm19_phone_20hz.npz", "geotec_phone_50hz.npz")
"""Data sets of pockets."""
SHARES = (0.9, 0.1)
"""How often each data set's windows are drawn: the second is a fiftieth of the first."""
MIN_WINDOWS = 100
"""Windows of training users from which a label is learned; GeoTec's changes of posture have fewer.
"""
LEVEL = ("walking", "sitting", "standing")
SURE = 0.5
CONFIDENCES = (0.8, 1.0, 1.1, 1.2, 1.25, 1.5)
# Added to a measure's spread, so that one that never changes is not divided by zero.
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class ReadoutSettings:
    """Lengths, weights and noise.

    `rarer` is as for `models.research.lanhar.training.last_layers`, `hide_upright` the share of
    windows whose wearer's upright is unknown, `jitter` the noise on measures in spreads, and
    `drop` the share of hidden units left out.
    """

    hidden: int = 64
    steps: int = 400
    rate: float = 2e-3
    decay: float = 0.05
    batch: int = 256
    rarer: float = 1.0
    hide_upright: float = 0.5
    jitter: float = 0.3
    drop: float = 0.3


@dataclass(frozen=True)
class PocketWindows:
    """N windows of a data set, each wearer's in order of time.

    `logits` (N, K) of the labels in force as the stream has them, `plain` (N, K) with the upright
    unknown, `right` (N, K) the labels that are, `measures` (N, M).
    """

    wearers: NDArray[np.str_]
    starts_s: Array
    logits: Array
    plain: Array
    right: NDArray[np.bool_]
    measures: NDArray[np.float32]

    def of(self, rows: NDArray[np.bool_]) -> PocketWindows:
        """Return the windows `rows` (N,)."""
        return PocketWindows(*(getattr(self, each.name)[rows] for each in fields(self)))


@dataclass(frozen=True)
class RankingScores:
    """What a user reads of a ranking; `level` is the macro-F1 over windows of `LEVEL`."""

    macro_f1: float
    level: float
    calibration_error: float
    confidently_wrong: float


def score_windows(lanhar: Lanhar, windows: LabelledWindows) -> PocketWindows:
    """Return the windows with what the shipped encoder makes of them."""
    vectors, names = lanhar.shipped.vectors.astype(np.float64), lanhar.shipped.names
    logits, plain, measured = [], [], []
    for imu, position, upright in zip(
        windows.imu, windows.positions, uprights(windows.imu, windows.wearers), strict=True
    ):
        cosine = upright.cosine(imu)
        reading = lanhar.read(imu, cosine)
        likeness = vectors @ reading.vector / TEMPERATURE
        logits.append(likeness + posture_logits(names, position, cosine))
        plain.append(vectors @ lanhar.read(imu).vector / TEMPERATURE)
        measured.append(reading.measures)
    return PocketWindows(
        np.array(windows.wearers),
        np.array(windows.starts_s),
        np.array(logits),
        np.array(plain),
        np.array([[name in each for name in names] for each in windows.names], bool),
        np.array(measured),
    )


def train_readout(
    parts: Sequence[tuple[PocketWindows, float]],
    config: ReadoutConfig,
    names: Sequence[str],
    seed: int,
    settings: ReadoutSettings = ReadoutSettings(),
) -> ReadoutWeights:
    """Return a readout trained on windows, each with the share of a batch that it is drawn for.

    `names` (K,) are those of the logits. Of several right labels any is right. Windows without a
    right label among `config.names` are left out.
    """
    places = [names.index(name) for name in config.names]
    kept = [
        (part.of(np.asarray(part.right[:, places].any(axis=1))), share) for part, share in parts
    ]
    chance = torch.from_numpy(
        np.concatenate([_chances(part.right[:, places], share, settings) for part, share in kept])
    )
    known, plain, right, values = (
        torch.from_numpy(np.concatenate(column))
        for column in (
            [part.logits[:, places].astype(np.float32) for part, _ in kept],
            [part.plain[:, places].astype(np.float32) for part, _ in kept],
            [part.right[:, places] for part, _ in kept],
            [part.measures for part, _ in kept],
        )
    )
    rng = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    module = ReadoutWeights(config)
    module.centre.copy_(values.mean(dim=0))
    module.spread.copy_(values.std(dim=0) + _LEAST_SPREAD)
    values = module.standardised(values)
    optimizer = torch.optim.AdamW(module.parameters(), settings.rate, weight_decay=settings.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, settings.steps)
    for _ in range(settings.steps):
        drawn = torch.multinomial(chance, settings.batch, True, generator=rng)
        jitter = torch.randn((settings.batch, values.shape[1]), generator=rng) * settings.jitter
        hide = torch.rand((settings.batch, 1), generator=rng) < settings.hide_upright
        logits = torch.where(hide, plain[drawn], known[drawn])
        logits = logits + module(values[drawn] + jitter, settings.drop)
        loss = _loss(logits, right[drawn])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return module.eval()


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
            _concatenate(train, part.of(~rows))
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.position_readout",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument("--out", type=Path, default=WEIGHTS_DIR, help="folder to write weights to")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds of --check")
    parser.add_argument("--check", action="store_true", help="dry run: evaluate and write nothing")
    options = parser.parse_args(arguments)
    folder = needed_recordings(parser, options) / IMU
    pin_one_thread()
    lanhar = require_lanhar(Registry(options.weights))
    learned = [score_windows(lanhar, read(folder / name, split="train")) for name in FILES]
    checked = [score_windows(lanhar, read(folder / name, split="validation")) for name in FILES]
    names = lanhar.shipped.names
    counts = np.sum([part.right.sum(axis=0) for part in learned], axis=0)
    config = ReadoutConfig(
        names=tuple(
            name for name, count in zip(names, counts, strict=True) if count >= MIN_WINDOWS
        ),
        sensor=lanhar.revision,
    )
    if options.check:
        seeds = range(options.seed, options.seed + options.seeds)
        _check(learned, checked, config, names, seeds)
        return 0
    everyone = [_concatenate(*both) for both in zip(learned, checked, strict=True)]
    module = train_readout(list(zip(everyone, SHARES, strict=True)), config, names, options.seed)
    print(Registry(options.out).save(LANHAR_READOUT, module, half=True).revision)
    return 0


def _check(
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
        whole = _concatenate(*parts)
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


def _loss(logits: Tensor, right: Tensor) -> Tensor:
    """Return the mean negative log-probability of any right label, (B, L) and (B, L)."""
    return -logits.log_softmax(dim=1).masked_fill(~right, -torch.inf).logsumexp(dim=1).mean()


def _chances(right: NDArray[np.bool_], share: float, settings: ReadoutSettings) -> Array:
    """Return how often windows are drawn (N,), which sum to `share`."""
    first = right.argmax(axis=1)
    chance = np.bincount(first, minlength=right.shape[1]).astype(float)[first] ** -settings.rarer
    chances: Array = share * chance / chance.sum()
    return chances


def _concatenate(*parts: PocketWindows) -> PocketWindows:
    return PocketWindows(
        *(
            np.concatenate([getattr(part, each.name) for part in parts])
            for each in fields(PocketWindows)
        )
    )


if __name__ == "__main__":
    sys.exit(main())
