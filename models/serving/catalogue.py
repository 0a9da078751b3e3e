"""The catalogue of networks: all keys declared in the modules of both papers."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from models import egolog, lanhar
from models.network.key import Key
from models.serving.registry import UnknownModelError


@cache
def all_keys() -> tuple[Key[Any], ...]:
    """Return every network's key, in the order of their modules' names."""
    keys: dict[str, Key[Any]] = {}
    for package in (egolog, lanhar):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for value in vars(import_module(module.name)).values():
                # A module that imports a key has it as well.
                if isinstance(value, Key) and keys.setdefault(value.name, value) != value:
                    raise ValueError(f"weights {value.name!r} have two keys; expected one")
    return tuple(keys.values())


def key_of(name: str) -> Key[Any]:
    """Return the key of the weights `name`; raises `UnknownModelError`."""
    keys = {key.name: key for key in all_keys()}
    if name not in keys:
        raise UnknownModelError(f"model {name!r} is unknown; expected one of {', '.join(keys)}")
    return keys[name]
