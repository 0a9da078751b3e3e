"""Localization with two ears, from recordings to a trained network.

Sounds, heads and ears of a split become tables on the device once; seconds are rendered from them
(`batched.seconds`): on a graphics card while the network learns, for a CPU before it does
(`batched.training`).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.labels import SOUND_EVENTS
from models.recordings.shared_data import CIPIC, ESC50, KEMAR
from models.research.egolog.localization.batched.ears import (
    RADII_M,
    EarTables,
    Ring,
    Spheres,
    fine,
    sphere_table,
)
from models.research.egolog.localization.batched.features import BatchedFeatures
from models.research.egolog.localization.batched.motions import Motions
from models.research.egolog.localization.batched.seconds import World
from models.research.egolog.localization.batched.sounds import Sounds
from models.research.egolog.localization.batched.supplies import DrawnSeconds, RenewedSeconds
from models.research.egolog.localization.batched.training import train as train_batched
from models.research.egolog.localization.batched.validation import (
    score_of,
    validation_figures,
    validation_sets,
)
from models.research.egolog.localization.new_head import with_new_head
from models.research.lib.process_pool import process_pool
from models.serving.one_thread import pin_one_thread
from models.simulation.acoustics.sounds import FS, synthesise
from models.simulation.sources.head_motion import HeadMotions
from models.simulation.sources.measured import SoundBank, read_cipic
from models.simulation.sources.sofa import read_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.splits import Split
    from models.research.egolog.localization.batched.seconds import RenderedSeconds
    from models.research.egolog.localization.batched.training import Course

RECORDED_SHARE = 0.75
MEASURED_SHARE = 0.75
RATE, RATE_FURTHER = 2.5e-3, 1.5e-3
VALIDATION_CLIPS = 1400
VALIDATION_SEED = 1
_MADE_S = 5.1  # so that a loop of 5 s can be faded over
_HEADS_STREAM, _SOUNDS_STREAM, _SHAPES_STREAM = 77, 78, 79


@dataclass(frozen=True)
class Tables:
    """How much is computed before training: `heads` drawn ones, `takes` of each label made up.

    Each measured head has `shapes` beside its own (`Ring.vary_shape`); `radii_m` are the spheres
    whose near field ears are given.
    """

    heads: int = 96
    shapes: int = 3
    takes: int = 20
    labels: Sequence[str] = SOUND_EVENTS
    radii_m: Sequence[float] = tuple(RADII_M.tolist())


@dataclass(frozen=True)
class Worlds:
    """What is trained on and what chooses; `head` is of a dummy head, where there is one."""

    train: World
    validation: World
    head: World | None = None


def read_worlds(data: Path, device: str, jobs: int = 1, tables: Tables = Tables()) -> Worlds:
    """Read and compute both worlds, by `jobs` processes; `data` is like the shared recordings."""
    takes = [(label, take) for label in tables.labels for take in range(tables.takes)]
    rings = {
        split: _measured_rings(data, split, tables.shapes) for split in ("train", "validation")
    }
    with ExitStack() as stack:
        each_of: Callable[..., Iterator[Any]] = map
        if jobs > 1:
            each_of = stack.enter_context(process_pool(jobs, pin_one_thread)).map
        spheres = each_of(sphere_table, tables.radii_m)
        drawn = each_of(_head, range(tables.heads))
        made = each_of(_synthesise, takes)
        fines = {split: list(each_of(fine, each)) for split, each in rings.items()}
        near_fields = Spheres.of(np.array(tables.radii_m), list(spheres))
        heads = list(drawn)
        waves: dict[str, list[NDArray[np.float32]]] = {}
        for (label, _), wave in zip(takes, made, strict=True):
            waves.setdefault(label, []).append(wave)
    share = None
    if heads:
        count = len(rings["train"])
        each = [MEASURED_SHARE / count] * count + [(1 - MEASURED_SHARE) / len(heads)] * len(heads)
        share = torch.tensor(each, device=device)
    train_rings = rings["train"] + [ring for ring, _ in heads]
    train_fines = fines["train"] + [responses for _, responses in heads]
    train_world = _world(data, "train", device, near_fields, train_rings, train_fines, waves, share)
    validation = _world(
        data,
        "validation",
        device,
        near_fields,
        rings["validation"],
        fines["validation"],
        {},
        None,
    )
    return Worlds(train_world, validation, _head_world(data, validation, near_fields, device))


def train(
    worlds: Worlds,
    course: Course,
    start: Localization | None = None,
    clips: int = VALIDATION_CLIPS,
    drawn: RenderedSeconds | None = None,
) -> Localization:
    """Return a network trained for the minutes of `course`, further from `start` if given.

    It has no distance head: `distance_head` trains one for it.

    Args:
        worlds: what is rendered; the first is not used where seconds are `drawn`.
        course: how to train.
        start: the network to continue from.
        clips: clips of 2 s of each validation set, whose mean score chooses the checkpoint.
        drawn: the seconds to learn from; rendered while the network learns if None.
    """
    torch.manual_seed(course.seed)
    network = Localization(LocalizationConfig(maps=3))
    if start is not None:
        network = with_new_head(start, None)
    check = validation_sets(worlds.validation, clips, VALIDATION_SEED)

    def report(_network: Localization, row: dict[str, Any]) -> None:
        print(f"localization: {row['spent']:.0f} s, {row['steps']} steps: {row['score']:.3f}")

    source = RenewedSeconds(worlds.train, course) if drawn is None else DrawnSeconds(drawn)
    trained = train_batched(network, source, check, course, report)
    score = score_of(validation_figures(trained, check))
    print(f"localization: validation, direction and distance {score:.3f}")
    print_head_figures(worlds, trained, clips)
    return trained.cpu()


def print_head_figures(worlds: Worlds, network: Localization, clips: int) -> None:
    """Print how right near and far are around MIT's KEMAR in the dry, if it is there."""
    if worlds.head is not None:
        dry = validation_sets(worlds.head, clips, VALIDATION_SEED, ["dry"])
        judgement = validation_figures(network, dry)["dry"]
        distance, error = judgement["distance"], judgement["ece"]
        print(f"localization: MIT KEMAR in the dry, distance {distance:.3f}, error {error:.3f}")


def _measured_rings(data: Path, split: Split, shapes: int) -> list[Ring]:
    rings = [Ring.from_table(ears.ring) for ears in read_cipic(data / CIPIC, split)]
    rng = np.random.default_rng([_SHAPES_STREAM, split == "train"])
    reshaped = [ring.vary_shape(rng) for _ in range(shapes) for ring in rings]
    # Whose head it will be is unknown, so any shape is as likely where near and far are calibrated.
    return reshaped if split == "validation" else rings + reshaped


def _world(
    data: Path,
    split: Split,
    device: str,
    spheres: Spheres,
    rings: list[Ring],
    fines: list[NDArray[np.complex64]],
    made: dict[str, list[NDArray[np.float32]]],
    share: torch.Tensor | None,
) -> World:
    heads = HeadMotions.read(data / "imu" / "classyglass_50hz.npz", split)
    recordings = [(each, True) for each in heads.moving] + [(each, False) for each in heads.still]
    recorded = SoundBank.read(data / ESC50, split).waves
    return World(
        EarTables.of(rings, np.stack(fines), spheres, device),
        Sounds.of(recorded, made, RECORDED_SHARE, device),
        Motions.of(recordings, device),
        BatchedFeatures(device),
        len(spheres.radii_m),
        share,
    )


def _head_world(data: Path, like: World, spheres: Spheres, device: str) -> World | None:
    """Return the sounds and motions of `like` around MIT's KEMAR, None where it is absent."""
    if not (data / KEMAR).is_file():
        return None
    head = read_head(data / KEMAR)
    ring = Ring.from_table(head.ring, head.distance_m)
    return replace(like, ears=EarTables.of([ring], fine(ring)[None], spheres, device))


def _head(number: int) -> tuple[Ring, NDArray[np.complex64]]:
    ring = Ring.spherical(np.random.default_rng([_HEADS_STREAM, number]))
    return ring, fine(ring)


def _synthesise(drawn: tuple[str, int]) -> NDArray[np.float32]:
    label, take = drawn
    draw, noise = (
        np.random.default_rng([_SOUNDS_STREAM, SOUND_EVENTS.index(label), take, part])
        for part in range(2)
    )
    return synthesise(label, draw, noise, round(_MADE_S * FS)).astype(np.float32)
