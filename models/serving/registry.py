"""The one place that networks are loaded from and saved to: safetensors with a full identity.

A file carries the network's name, config, labels and hash, so weights can never be read into
another shape or against another label order. Nothing is unpickled. Which networks there are is not
said here: each declares its `Key` where it is defined, and what is loaded by it has its type.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from models.labels import LABELS
from models.network.key import N
from schemas.atomic_file import atomic_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.network.key import Key

WEIGHTS_DIR = Path(str(files("models") / "weights"))
FORMAT = "egolog-streams/1"
REVISION_DIGITS = 12


class RegistryError(RuntimeError):
    """A network cannot be loaded: its name is unknown, or its file is missing or damaged."""


class UnknownModelError(RegistryError):
    """No network has this name."""


class MissingWeightsError(RegistryError):
    """The weights file does not exist."""


class DamagedWeightsError(RegistryError):
    """The weights file is not what it says it is, or was made for other label sets or shapes."""


@dataclass(frozen=True)
class Loaded(Generic[N]):
    """A network ready for inference.

    `sha256` covers tensors, config and labels; `revision` is its first 12 digits; `labels` holds
    the label sets of the network's outputs by name.
    """

    name: str
    revision: str
    sha256: str
    labels: Mapping[str, tuple[str, ...]]
    module: N


class Registry:
    """Loads and saves networks as `<weights_dir>/<name>.safetensors`."""

    def __init__(self, weights_dir: Path = WEIGHTS_DIR) -> None:
        self.weights_dir = Path(weights_dir)

    def path(self, key: Key[Any]) -> Path:
        """Return where the weights of `key` are kept."""
        return self.weights_dir / f"{key.name}.safetensors"

    def load(self, key: Key[N], path: Path | None = None) -> Loaded[N]:
        """Return the network of `key` in inference mode, from `path` if given.

        Raises `MissingWeightsError` or `DamagedWeightsError`, each one line that names the path
        and what would be right.
        """
        name = key.name
        file = self.path(key) if path is None else Path(path)
        if not file.is_file():
            raise MissingWeightsError(
                f"weights {file} do not exist; expected a safetensors file of model {name!r} "
                f"(made by python -m models.research.egolog)"
            )
        metadata, tensors = _read(file)
        if metadata.get("format") != FORMAT or metadata.get("name") != name:
            raise DamagedWeightsError(
                f"weights {file} say format {metadata.get('format')!r} and name "
                f"{metadata.get('name')!r}; expected {FORMAT!r} and {name!r}"
            )
        digest = _digest(name, metadata.get("config", ""), metadata.get("labels", ""), tensors)
        if digest != metadata.get("sha256"):
            raise DamagedWeightsError(
                f"weights {file} have sha256 {digest[:REVISION_DIGITS]}..., but their header says "
                f"{str(metadata.get('sha256'))[:REVISION_DIGITS]}...; expected an undamaged copy"
            )
        labels = _label_sets(key)
        if json.loads(metadata["labels"]) != {one: list(names) for one, names in labels.items()}:
            raise DamagedWeightsError(
                f"weights {file} were trained for other labels of {', '.join(labels)}; "
                "expected weights trained with models/labels.py as it is"
            )
        module = _build(key, file, metadata["config"], tensors)
        return Loaded(name, digest[:REVISION_DIGITS], digest, labels, module)

    def save(
        self, key: Key[N], module: N, path: Path | None = None, half: bool = False
    ) -> Loaded[N]:
        """Write `module` as the weights of `key` atomically and return it as it will load.

        `half` stores floats as float16, half the size; they load as float32, and the revision is
        that of what is stored. Raises `ValueError` where a weight is beyond float16's range.
        """
        name = key.name
        file = self.path(key) if path is None else Path(path)
        tensors = {
            part: _stored(part, value.detach().cpu().contiguous(), half)
            for part, value in module.state_dict().items()
        }
        config = getattr(module, "config", None)
        config_json = json.dumps(asdict(config) if config is not None else {}, sort_keys=True)
        labels = _label_sets(key)
        labels_json = json.dumps({one: list(names) for one, names in labels.items()})
        digest = _digest(name, config_json, labels_json, tensors)
        metadata = {
            "format": FORMAT,
            "name": name,
            "config": config_json,
            "labels": labels_json,
            "sha256": digest,
            "revision": digest[:REVISION_DIGITS],
        }
        with atomic_path(file) as draft:
            save_file(tensors, draft, metadata=metadata)
        if half:
            return self.load(key, file)
        return Loaded(name, digest[:REVISION_DIGITS], digest, labels, module)


def _label_sets(key: Key[Any]) -> dict[str, tuple[str, ...]]:
    return {name: LABELS[name] for name in key.labels}


def _stored(key: str, tensor: Tensor, half: bool) -> Tensor:
    if not half or not tensor.is_floating_point():
        return tensor
    stored = tensor.half()
    if not torch.isfinite(stored).all():
        raise ValueError(
            f"tensor {key!r} reaches {float(tensor.abs().max()):.3g}; "
            "expected at most 65504 to store it as float16"
        )
    return stored


def _read(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise DamagedWeightsError(
            f"weights {file} cannot be read ({str(error)[:120]}); expected an undamaged copy"
        ) from error
    return metadata, tensors


def _build(key: Key[N], file: Path, config: str, tensors: dict[str, Tensor]) -> N:
    try:
        module = key.build(json.loads(config))
        # Copying into the module's own float32 tensors widens those stored as float16.
        module.load_state_dict(tensors)
    except (RuntimeError, TypeError, KeyError, ValueError) as error:
        first = str(error).splitlines()[0][:120]
        raise DamagedWeightsError(
            f"weights {file} do not fit model {key.name!r} ({first}); "
            "expected weights of this version"
        ) from error
    module.eval()
    return module.requires_grad_(False)


def _digest(name: str, config: str, labels: str, tensors: Mapping[str, Tensor]) -> str:
    """Hash everything that decides a prediction, independent of the file's layout."""
    digest = sha256(f"{name}\0{config}\0{labels}\0".encode())
    for key in sorted(tensors):
        array: np.ndarray[Any, Any] = tensors[key].numpy()
        digest.update(f"{key}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
