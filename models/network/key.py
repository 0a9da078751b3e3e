"""Typed keys of networks: the module that defines a network declares the key of its weights.

`models.serving.registry` loads by key, so a type checker knows the result's type, and adding a
network takes one declaration beside it::

    SCENARIO = Key("scenario", ScenarioNet.from_config, ("scenarios",))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from torch import nn

N = TypeVar("N", bound="nn.Module")

Config = Mapping[str, Any]
"""A network's sizes as stored in a weights file: JSON, so tuples are lists."""


@dataclass(frozen=True)
class Key(Generic[N]):
    """Weights and the network that they belong to.

    `name` is the file's stem; `build` makes the network from the config in the file, and raises
    `TypeError`, `KeyError` or `ValueError` for an invalid one; `labels` are the label sets of its
    outputs, by their names in `models.labels.LABELS`. Intermediates of training are not `shipped`.
    """

    name: str
    build: Callable[[Config], N]
    labels: tuple[str, ...] = ()
    shipped: bool = True
