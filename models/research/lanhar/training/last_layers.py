"""Train the last layers of the shipped sensor encoder: `... lanhar.training.last_layers`.

The earlier steps sample all activities equally, from few windows each, and train the stairs of
WISDM with a label that is not active. As a result a still head is recognised as standing or
drinking, and stairs at the wrist as folding clothes. Here the transformer is frozen and the layers
above it are trained (after Kirichenko et al. 2023) on all windows as the stream ranks them: five
seconds, the upright known by then, activities at about their natural frequency, and any active
label that is right. Only training users are trained on, and validation users evaluated.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import Parameter
from torch.nn.functional import cross_entropy, normalize

from models.lanhar.activity_names import canonical
from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.resample import to_20_hz
from models.lanhar.rotation_invariant import channels, measures
from models.lanhar.sensor_encoder import LANHAR_SENSOR, SensorEncoder
from models.lanhar.space import TEMPERATURE
from models.lanhar.upright import uprights
from models.recordings.datasets.labelled_windows import LabelledWindows
from models.recordings.datasets.labelled_windows import read as read_windows
from models.recordings.shared_data import IMU
from models.research.lanhar.interpretation.windows import FILES
from models.research.lanhar.training.losses import any_right
from models.research.lanhar.training.one_cycle import train_one_cycle
from models.research.lanhar.training.scores import macro_f1
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.weights_folder import add_weights_and_out, out_folder
from models.serving.one_thread import pin_one_thread
from models.serving.open_vocabulary import in_force_by_default
from models.serving.registry import Registry
from schemas.option_bounds import check_minimums

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES_OF_MOTION = (*FILES, "geotec_phone_50hz.npz", "geotec_watch_50hz.npz")
_AT_ONCE = 256
_RATE = 50.0


@dataclass(frozen=True)
class LastLayersSettings:
    """Lengths, weights and noise.

    `rarer` says how much more often rare activities are drawn than they occur: 0 as they occur, 1
    all alike. `described` weighs the loss among all described labels by a data set's own names
    beside that among the labels in force, `hidden` is the share of windows whose wearer's upright
    is hidden, `token_noise` is in standard deviations and `jitter` in spreads.
    """

    steps: int = 300
    rate: float = 2e-3
    batch: int = 240
    rarer: float = 0.75
    described: float = 0.1
    hidden: float = 0.5
    jitter: float = 0.2
    token_noise: float = 0.1
    smoothing: float = 0.1
    temperature: float = TEMPERATURE


@dataclass(frozen=True)
class LayerInputs:
    """N windows as the last layers see them.

    `tokens` (N, 2·W) mean and largest, `values` (N, M), `posture` (N, 2), `right` (N, F) which
    labels in force are, `own` (N,) the number of a data set's own name among the described labels
    or -1, `chance` (N,) of being drawn.
    """

    tokens: Tensor
    values: Tensor
    posture: Tensor
    right: Tensor
    own: Tensor
    chance: Tensor


@torch.no_grad()
def layer_inputs(
    encoder: SensorEncoder,
    windows: LabelledWindows,
    in_force: Sequence[str],
    described: Sequence[str],
    rarer: float,
) -> LayerInputs:
    """Return what the frozen layers make of windows, each wearer's in their order."""
    encoder.eval()
    tokens, values = [], []
    even = np.stack([to_20_hz(np.nan_to_num(imu), _RATE) for imu in windows.imu])
    for part in np.array_split(even, -(-len(even) // _AT_ONCE)):
        seen = encoder.sequence.tokens(torch.from_numpy(channels(part)))
        tokens.append(torch.cat([seen.mean(dim=1), seen.amax(dim=1)], dim=1))
        values.append(torch.from_numpy(measures(part)))
    standardised = encoder.standardised(torch.empty(0), torch.cat(values), torch.empty(0)).values
    right = right_labels(windows, in_force)
    own = torch.tensor([_number(canonical(label), described) for label in windows.labels])
    posture = torch.tensor(postures(windows), dtype=torch.float32)
    chance = torch.tensor(chances(windows, in_force, rarer)) * (right.any(dim=1) | (own >= 0))
    return LayerInputs(torch.cat(tokens), standardised, posture, right, own, chance)


def right_labels(windows: LabelledWindows, in_force: Sequence[str]) -> Tensor:
    """Return which of the labels in force are right in each window, (N, F)."""
    return torch.tensor([[name in names for name in in_force] for names in windows.names])


def postures(windows: LabelledWindows) -> list[tuple[float, float]]:
    """Return each window's cosine to its wearer's upright by then, and 1 where that is known."""
    each = zip(windows.imu, uprights(windows.imu, windows.wearers), strict=True)
    cosines = [upright.cosine(imu) for imu, upright in each]
    return [(0.0, 0.0) if cosine is None else (cosine, 1.0) for cosine in cosines]


def chances(windows: LabelledWindows, in_force: Sequence[str], rarer: float) -> list[float]:
    """Return how often windows are drawn (N,); those of one activity share a label in force."""
    keys = [
        max(names & set(in_force), default=canonical(label))
        for names, label in zip(windows.names, windows.labels, strict=True)
    ]
    often = Counter(keys)
    return [often[key] ** -rarer for key in keys]


def train_last_layers(
    encoder: SensorEncoder,
    parts: Sequence[LayerInputs],
    in_force: Tensor,
    described: Tensor,
    seed: int,
    settings: LastLayersSettings = LastLayersSettings(),
) -> None:
    """Train all above the transformer in place: vectors of labels `in_force` and `described`.

    A batch has as many windows of every part. Where several labels in force are right, their shares
    count together. Vectors `in_force` that are a parameter learn too: a classifier without text.
    """
    rng = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    sequence = encoder.sequence
    above = [*sequence.values.parameters(), *sequence.mix.parameters(), *sequence.out.parameters()]
    if isinstance(in_force, Parameter):
        above.append(in_force)

    def loss_of(_step: int) -> Tensor:
        batch = _draw(parts, settings.batch // len(parts), rng)
        hide = torch.rand(len(batch.own), generator=rng) < settings.hidden
        noise = torch.randn(batch.tokens.shape, generator=rng) * settings.token_noise
        jitter = torch.randn(batch.values.shape, generator=rng) * settings.jitter
        vectors = above_transformer(
            encoder,
            batch.tokens + noise * batch.tokens.std(dim=0),
            batch.values + jitter,
            torch.where(hide[:, None], 0.0, batch.posture),
        )
        known, named = batch.right.any(dim=1), batch.own >= 0
        logits = vectors[known] @ in_force.T / settings.temperature
        loss = any_right(logits, batch.right[known], settings.smoothing)
        if settings.described and named.any():
            loss = loss + settings.described * cross_entropy(
                vectors[named] @ described.T / settings.temperature,
                batch.own[named],
                label_smoothing=settings.smoothing,
            )
        return loss

    encoder.train()
    train_one_cycle(above, loss_of, settings.steps, settings.rate, decay=0.05)
    encoder.eval()


def above_transformer(
    encoder: SensorEncoder, tokens: Tensor, values: Tensor, posture: Tensor
) -> Tensor:
    """Return unit vectors (B, 128) of the sequence branch from what is below its last layers."""
    hidden = encoder.sequence.values(torch.cat([values, posture], dim=1))
    return normalize(encoder.sequence.joined(torch.cat([tokens, hidden], dim=1)), dim=1)


@torch.inference_mode()
def score(
    encoder: SensorEncoder, windows: LayerInputs, names_in_force: Sequence[str], in_force: Tensor
) -> float:
    """Return the macro-F1 of the labels in force over the windows that one of them is right for."""
    vectors = above_transformer(encoder, windows.tokens, windows.values, windows.posture)
    return first_right_f1(vectors @ in_force.T, windows.right, names_in_force)


def first_right_f1(likeness: Tensor, right: Tensor, names: Sequence[str]) -> float:
    """Return the macro-F1 of the likeliest labels, (N, F), over windows that have a right one.

    `right` (N, F) says which labels are; where several are, any of them will do.
    """
    first = likeness.argmax(dim=1)
    true = torch.where(right.gather(1, first[:, None])[:, 0], first, right.int().argmax(dim=1))
    known, labels = right.any(dim=1), np.array(names)
    return macro_f1(labels[true[known].numpy()], labels[first[known].numpy()])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.last_layers", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    add_weights_and_out(parser, "weights to begin with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--seeds", type=int, default=1, help="number of seeds; more than one is a dry run"
    )
    parser.add_argument(
        "--without", action="append", default=[], help="file that nothing is learned from"
    )
    parser.add_argument(
        "--without-language",
        action="store_true",
        help="dry run of a plain classifier: the labels' vectors are learned, not from their texts",
    )
    parser.add_argument("--check", action="store_true", help="dry run: evaluate and write nothing")
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, seeds=1)
    data = needed_recordings(parser, options)
    pin_one_thread()
    settings = LastLayersSettings()
    registry = Registry(options.weights)
    before = registry.load(LANHAR_SENSOR).module
    described = registry.load(LANHAR_LABELS).module.labels()
    in_force = in_force_by_default(described)
    learned, checked = [], {}
    for name in FILES_OF_MOTION:
        path = data / IMU / name
        names = (in_force.names, described.names, settings.rarer)
        if name not in options.without:
            learned.append(layer_inputs(before, read_windows(path, split="train"), *names))
        checked[name] = layer_inputs(before, read_windows(path, split="validation"), *names)
    of_texts, all_texts = (torch.from_numpy(labels.vectors) for labels in (in_force, described))
    now: dict[str, list[float]] = {name: [] for name in checked}
    for seed in range(options.seed, options.seed + options.seeds):
        encoder, labels = copy.deepcopy(before).requires_grad_(True), of_texts
        if options.without_language:
            torch.manual_seed(seed)
            labels = Parameter(normalize(torch.randn(of_texts.shape), dim=1))
            settings = replace(settings, described=0.0)
        train_last_layers(encoder, learned, labels, all_texts, seed, settings)
        for name, windows in checked.items():
            now[name].append(score(encoder, windows, in_force.names, labels))
    for name, scores in now.items():
        first = score(before, checked[name], in_force.names, of_texts)
        spread = f" ± {np.std(scores):.3f}" if options.seeds > 1 else ""
        print(f"{name}: macro-F1 {first:.3f} before, {np.mean(scores):.3f}{spread} now")
    if not options.check and not options.without_language and options.seeds == 1:
        out = Registry(out_folder(options)).path(LANHAR_SENSOR)
        print(registry.save(LANHAR_SENSOR, encoder, out, half=True).revision)
    return 0


def _number(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else -1


def _draw(parts: Sequence[LayerInputs], each: int, rng: Generator) -> LayerInputs:
    drawn = [(part, torch.multinomial(part.chance, each, True, generator=rng)) for part in parts]
    columns = ("tokens", "values", "posture", "right", "own", "chance")
    return LayerInputs(
        *(torch.cat([getattr(part, c)[rows] for part, rows in drawn]) for c in columns)
    )


if __name__ == "__main__":
    sys.exit(main())
