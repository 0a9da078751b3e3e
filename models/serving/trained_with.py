"""Which weights others were trained with: said in their header, and told where it is not so.

A network above the encoders works beside any of the same sizes, and is right beside those whose
features it was trained on only. The header is not part of a revision.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from models.serving.served import ALL, ENCODERS, TRAINED_WITH
from models.serving.weights_file import (
    REVISION_DIGITS,
    RegistryError,
    StoredWeights,
    content_hash,
    path_of,
    read_weights,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from models.serving.served import Served

_OF_THEIR_OWN = {ENCODERS.name: ("audio.tower.", "audio.events.", "audio.classify.", "imu.")}
"""Beginnings of the names of tensors that no other network's inputs depend on.

Steps of training that change only these, and name sounds and motions better, leave the networks
above as they are.
"""


def revisions_trained_with(name: str, folder: Path) -> dict[str, str]:
    """Return the revisions of what weights `name` are trained with, those that are in `folder`."""
    return {
        weights.name: revision_for_others(weights)
        for weights in _readable(TRAINED_WITH.get(name, ()), folder)
    }


def revision_for_others(weights: StoredWeights) -> str:
    """Return the revision of weights, for encoders that of what their features depend on."""
    own = _OF_THEIR_OWN.get(weights.name)
    if own is None:
        return weights.revision
    shared = {name: each for name, each in weights.tensors.items() if not name.startswith(own)}
    return content_hash(weights.name, "", "", shared)[:REVISION_DIGITS]


def trained_with_others(folder: Path) -> list[str]:
    """Return a line for each weights in `folder` that were trained with others than are there.

    Files of earlier releases do not say with which, and nothing is said of them.
    """
    others = {key.name for keys in TRAINED_WITH.values() for key in keys}
    concerned = [key for key in ALL if key.name in others or key.name in TRAINED_WITH]
    stored = {weights.name: weights for weights in _readable(concerned, folder)}
    present = {name: revision_for_others(stored[name]) for name in others if name in stored}
    return [
        f"weights {path_of(name, folder)} were trained with other weights than "
        f"{path_of(other, folder)}: with {trained}, and these are {present[other]}; results may "
        "be wrong, expected both of one training"
        for name, weights in stored.items()
        for other, trained in weights.trained_with.items()
        if present.get(other, trained) != trained
    ]


def _readable(keys: Iterable[Served], folder: Path) -> Iterator[StoredWeights]:
    """Yield the weights of `keys` in `folder` that can be read; who opens the others says why."""
    for key in keys:
        with suppress(RegistryError):
            yield read_weights(key, path_of(key.name, folder))
