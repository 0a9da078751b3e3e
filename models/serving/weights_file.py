"""Weights files: safetensors with a full identity, read without torch.

A file carries the network's name, config, labels and hash, so that weights are never loaded into
another shape or used with another label order. Nothing is unpickled.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from models.labels import LABELS
from schemas.atomic_file import write_atomically

WEIGHTS_DIR = Path(str(files("models") / "weights"))
FORMAT = "egolog-streams/1"
REVISION_DIGITS = 12
_TRAINED_WITH = "trained_with"
_REVISIONS = TypeAdapter(dict[str, str])

Tensors = Mapping[str, NDArray[Any]]


class RegistryError(RuntimeError):
    """A network cannot be loaded: its name is unknown, or its file is missing or damaged."""


class UnknownModelError(RegistryError):
    """No network has this name."""


class MissingWeightsError(RegistryError):
    """The weights file does not exist."""


class DamagedWeightsError(RegistryError):
    """The weights file is corrupt, or was made for other label sets or shapes."""


class WeightsKey(Protocol):
    """The identity of weights: their name, and the label sets of the outputs."""

    @property
    def name(self) -> str:
        """The file's stem."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of label sets in `models.labels.LABELS`."""


# Modules of `models.research` by the weights that they make; `egolog` makes all others.
_MADE_BY = {
    "encoders_int8": "int8",
    "encoders_acceleration": "without_gyroscope",
    "lanhar_sensor_acceleration": "without_gyroscope",
    "lanhar_text": "lanhar.training",
    "lanhar_sensor": "lanhar.training",
    "lanhar_labels": "lanhar.training",
    "lanhar_words": "lanhar.training.distil",
    "lanhar_readings": "lanhar.training.readings",
    "lanhar_position": "lanhar.training.position",
    "lanhar_readout": "lanhar.training.position_readout",
}
# The option for the folder of commands that read and write a single one.
_FOLDER_OPTIONS = {"lanhar_readings": "--out"}


@dataclass(frozen=True)
class StoredWeights:
    """The content of a weights file.

    `sha256` covers tensors, config and labels; `revision` is its first 12 digits; `labels` holds
    the label sets of the network's outputs by name; `config` is the JSON of the network's sizes.
    `trained_with` holds the revisions of the weights that these were trained with, by name, as
    `models.serving.trained_with` tells them; none in files of earlier releases.
    """

    name: str
    sha256: str
    labels: Mapping[str, tuple[str, ...]]
    config: str
    tensors: Tensors
    trained_with: Mapping[str, str] = field(default_factory=dict)

    @property
    def revision(self) -> str:
        """The first 12 digits of the hash."""
        return self.sha256[:REVISION_DIGITS]


def path_of(name: str, folder: Path) -> Path:
    """Return the path of the weights `name` in a folder of weights."""
    return folder / f"{name}.safetensors"


def made_by(name: str) -> str:
    """Return the command that makes the weights `name`."""
    return f"python -m models.research.{_MADE_BY.get(name, 'egolog')}"


def made_anew_by(name: str, weights_dir: Path) -> str:
    """Return the command that makes the derived weights `name` of those in a folder anew."""
    return made_by(name) + folder_option(weights_dir, _FOLDER_OPTIONS.get(name, "--weights"))


def folder_option(weights_dir: Path, option: str = "--weights") -> str:
    """Return a command's option for a folder of weights, after a space; none for the package's."""
    return "" if weights_dir == WEIGHTS_DIR else f" {option} {shlex.quote(str(weights_dir))}"


def joint_revision(revisions: Iterable[str]) -> str:
    """Return the revision of weights that serve together: 12 digits, or the only one as it is."""
    parts = [revision for revision in revisions if revision]
    if len(parts) == 1:
        return parts[0]
    return sha256("+".join(parts).encode()).hexdigest()[:REVISION_DIGITS]


def names_encoders(record: str, encoders: Collection[str]) -> bool:
    """Return whether an estimate's revision, `<network>+<encoders>...`, names one of `encoders`."""
    return record.split("+")[1:2] in [[each] for each in encoders]


def read_weights(key: WeightsKey, file: Path) -> StoredWeights:
    """Return the weights of `key` in `file`.

    Raises `MissingWeightsError` or `DamagedWeightsError`, each one line that names the path and
    what would be right.
    """
    name = key.name
    if not file.is_file():
        raise MissingWeightsError(
            f"weights {file} do not exist; expected a safetensors file of model {name!r} "
            f"(made by {made_by(name)})"
        )
    metadata, tensors = _read_tensors(file)
    if metadata.get("format") != FORMAT or metadata.get("name") != name:
        raise DamagedWeightsError(
            f"weights {file} say format {metadata.get('format')!r} and name "
            f"{metadata.get('name')!r}; expected {FORMAT!r} and {name!r}"
        )
    digest = content_hash(name, metadata.get("config", ""), metadata.get("labels", ""), tensors)
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
    trained_with = _trained_with(file, metadata.get(_TRAINED_WITH, "{}"))
    return StoredWeights(name, digest, labels, metadata["config"], tensors, trained_with)


def write_weights(
    key: WeightsKey,
    config: Mapping[str, Any],
    tensors: Tensors,
    file: Path,
    trained_with: Mapping[str, str] | None = None,
) -> StoredWeights:
    """Write `tensors` as the weights of `key` atomically and return them."""
    config_json = json.dumps(config, sort_keys=True)
    labels = _label_sets(key)
    labels_json = json.dumps({one: list(names) for one, names in labels.items()})
    digest = content_hash(key.name, config_json, labels_json, tensors)
    metadata = {
        "format": FORMAT,
        "name": key.name,
        "config": config_json,
        "labels": labels_json,
        "sha256": digest,
        "revision": digest[:REVISION_DIGITS],
    }
    if trained_with:
        # Not hashed, so that the same weights have the same revision.
        metadata[_TRAINED_WITH] = json.dumps(trained_with, sort_keys=True)
    # Safetensors' own file is readable to nobody else; a worker may be another user.
    write_atomically(file, save(dict(tensors), metadata=metadata))
    return StoredWeights(key.name, digest, labels, config_json, tensors, trained_with or {})


def as_half(name: str, tensor: NDArray[Any]) -> NDArray[Any]:
    """Return floats as float16, other dtypes unchanged; raises `ValueError` on overflow."""
    if not np.issubdtype(tensor.dtype, np.floating):
        return tensor
    with np.errstate(over="ignore"):
        stored = tensor.astype(np.float16)
    if not np.isfinite(stored).all():
        raise ValueError(
            f"tensor {name!r} reaches {float(np.abs(tensor).max()):.3g}; "
            "expected at most 65504 to store it as float16"
        )
    return stored


def _label_sets(key: WeightsKey) -> dict[str, tuple[str, ...]]:
    return {name: LABELS[name] for name in key.labels}


def _trained_with(file: Path, text: str) -> dict[str, str]:
    """Return what a header says, which its hash does not cover."""
    try:
        return _REVISIONS.validate_json(text)
    except ValidationError as error:
        raise DamagedWeightsError(
            f"weights {file} say {_TRAINED_WITH} {text[:80]!r}; expected an undamaged copy"
        ) from error


def _read_tensors(file: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    try:
        with safe_open(file, framework="np") as opened:
            metadata = opened.metadata() or {}
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise DamagedWeightsError(
            f"weights {file} cannot be read ({str(error)[:120]}); expected an undamaged copy"
        ) from error
    return metadata, tensors


def content_hash(name: str, config: str, labels: str, tensors: Tensors) -> str:
    """Return the SHA-256 of all that affects predictions, independent of the file's layout."""
    digest = sha256(f"{name}\0{config}\0{labels}\0".encode())
    for key in sorted(tensors):
        array = tensors[key]
        digest.update(f"{key}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
