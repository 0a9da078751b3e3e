"""Windows of another world than the shipped network has learned from, and those that it knows."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario import SCENARIO
from models.egolog.segment_row import AFTER_EMBEDDINGS
from models.finetuning.coreset import Coreset
from models.finetuning.examples import Examples
from models.finetuning.scoring import probabilities
from models.finetuning.tune import TuneSettings
from models.labels import SCENARIOS
from models.serving.registry import Registry
from models.serving.served import ENCODERS
from schemas import FinetuneItem, PackedRows
from schemas.frames import NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.egolog.scenario import ScenarioNet

FEATURES = 384
# What is left of the features where the device is worn under a coat.
MUFFLED = 0.15
UNSURE = 0.5
# What is below the head takes half a minute to train.
HEAD = TuneSettings(sequence_steps=0)


@cache
def coreset() -> Coreset:
    return Coreset.load()


@cache
def shipped_network() -> ScenarioNet:
    return Registry().load(SCENARIO).module


def muffle(windows: Examples) -> Examples:
    """The same windows, heard and felt through a coat."""
    rows = windows.rows.copy()
    rows[..., :FEATURES] *= np.float16(MUFFLED)
    return Examples(rows, windows.labels)


def _later() -> NDArray[np.bool_]:
    """Every other stretch of the held-out part: two and then five windows are of the same life."""
    number = np.arange(len(coreset().held_out))
    found: NDArray[np.bool_] = np.where(number < 192, number // 2, (number - 192) // 5) % 2 == 1
    return found


@cache
def queue() -> Examples:
    """What the network is unsure of in its first days under the coat."""
    days = Examples.concatenate([coreset().train, coreset().held_out.take(~_later())])
    worn = muffle(days)
    return worn.take(probabilities(shipped_network(), worn.rows).max(axis=1) < UNSURE)


@cache
def later() -> Examples:
    """All windows of later days under the coat."""
    return muffle(coreset().held_out.take(_later()))


def mislabel(windows: Examples, share: float, seed: int = 0) -> Examples:
    """Call a share of the windows anything."""
    rng = np.random.default_rng(seed)
    labels = windows.labels.copy()
    for at in np.flatnonzero(rng.random(len(windows)) < share):
        labels[at] = 0
        labels[at, rng.integers(len(SCENARIOS))] = 1
    return Examples(windows.rows, labels)


def stuck(windows: Examples, scenario: int = 6) -> Examples:
    """Call all windows the same."""
    labels = np.zeros_like(windows.labels)
    labels[:, scenario] = 1
    return Examples(windows.rows, labels)


def f1(network: ScenarioNet, windows: Examples) -> float:
    predicted, true = probabilities(network, windows.rows) >= 0.5, windows.labels >= 0.5
    return float(2 * (predicted & true).sum() / (predicted.sum() + true.sum()))


def uncertain(network: ScenarioNet, windows: Examples) -> float:
    return float((probabilities(network, windows.rows).max(axis=1) < UNSURE).mean())


def items(windows: Examples, encoders: str | None = None) -> list[FinetuneItem]:
    """The windows as the queue carries them, ten minutes apart."""
    predicted = probabilities(shipped_network(), windows.rows)
    # As workers name the encoders in their records.
    revision = encoders or Registry(precision="int8").open(ENCODERS).recorded
    found = []
    for number, (rows, labels, p) in enumerate(
        zip(windows.rows, windows.labels, predicted, strict=True)
    ):
        start_ns = (1_772_438_400 + 600 * number) * NS
        found.append(
            FinetuneItem(
                device_id="glasses",
                window_id=f"glasses/scenario/{start_ns}",
                session_id="day",
                start_ns=start_ns,
                end_ns=start_ns + 30 * NS,
                revision=f"{'a' * 12}+{revision}",
                embeddings=PackedRows.of(rows, AFTER_EMBEDDINGS),
                scenarios={name: float(v) for name, v in zip(SCENARIOS, p, strict=True)},
                confidence=float(p.max()),
                pseudo_labels=[n for n, v in zip(SCENARIOS, labels, strict=True) if v],
                provenance="a scripted oracle",
            )
        )
    return found
