"""Graph files: `NAME.onnx`, and beside it the names of its weights and the network's sizes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from models.serving.served import INT8_ENDING
from models.serving.weights_file import WEIGHTS_DIR, folder_option
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GRAPHS_DIR = WEIGHTS_DIR / "graphs"
MADE_OF = "made_of"
"""Config key of derived weights: the hash of the weights that they were made of."""
# Config keys that do not affect the graph.
_NO_SIZES = {"dropout", MADE_OF}


class GraphError(RuntimeError):
    """A graph is missing or damaged, or of a network with other sizes."""


@dataclass(frozen=True)
class GraphFile:
    """An ONNX `model` without the values of `weights`, names of tensors in a weights file.

    `config` has the network's sizes, without those used only in training.
    """

    model: bytes
    weights: tuple[str, ...]
    config: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path, name: str) -> Self:
        """Return the graph `name` in `folder`; raises `GraphError`."""
        try:
            model = (folder / f"{name}.onnx").read_bytes()
            about = json.loads((folder / f"{name}.json").read_text())
            return cls(model, tuple(about["weights"]), about["config"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GraphError(f"{folder / name}.onnx cannot be read: {str(error)[:120]}") from error

    def write(self, folder: Path, name: str) -> None:
        """Write the graph as `name` in `folder`."""
        about = {"config": self.config, "weights": self.weights}
        write_atomically(folder / f"{name}.onnx", self.model)
        write_atomically(folder / f"{name}.json", json.dumps(about, indent=1) + "\n")


def difference(wanted: Any, given: Any, name: str = "") -> str | None:
    """Return the first size that differs, as "NAME is GIVEN; expected WANTED"."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        parts = (
            difference(wanted.get(key), given.get(key), f"{name}.{key}".lstrip("."))
            for key in sorted({*wanted, *given})
        )
        return next((part for part in parts if part), None)
    return None if wanted == given else f"{name} is {given}; expected {wanted}"


def served_config(config: Any) -> Any:
    """Return sizes as JSON values, without those used only in training."""
    if isinstance(config, dict):
        return {key: served_config(part) for key, part in config.items() if key not in _NO_SIZES}
    return [served_config(part) for part in config] if isinstance(config, list | tuple) else config


def make(name: str, weights_dir: Path) -> str:
    """Return the command that makes a graph anew for the weights in a folder."""
    own = folder_option(weights_dir)
    if name.endswith(INT8_ENDING):
        return f"python -m models.research.int8{own}"
    return f"python -m models.research.graphs{own} {name}"
