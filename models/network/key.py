"""How a network announces itself: the module that defines it declares the key of its weights.

`models.serving.registry` loads by key, so a type checker knows what comes back, and adding a
network is one declaration beside the network::

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
"""A network's sizes as its weights file keeps them: JSON, so tuples are lists."""


@dataclass(frozen=True)
class Key(Generic[N]):
    """Weights and the network that reads them.

    `name` is the file's, without its ending; `build` makes the network from the config that the
    file keeps, and raises `TypeError`, `KeyError` or `ValueError` where that does not fit; `labels`
    are the label sets of its outputs, by their names in `models.labels.LABELS`. A network that is
    only a step of training is not `shipped`.
    """

    name: str
    build: Callable[[Config], N]
    labels: tuple[str, ...] = ()
    shipped: bool = True
