"""The one place that networks are loaded from and saved to, to be served or to be trained.

Which networks there are is not said here: each declares its `Key` where it is defined, and what is
loaded by it has its type; `models.serving.served` says which of them a worker runs. Serving imports
no torch.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic
from weakref import WeakValueDictionary

from models.network.key import N
from models.serving.graph_file import (
    GRAPHS_DIR,
    GraphError,
    GraphFile,
    difference,
    make,
    served_config,
)
from models.serving.session import GraphSession
from models.serving.weights_file import (
    FORMAT,
    REVISION_DIGITS,
    DamagedWeightsError,
    MissingWeightsError,
    RegistryError,
    StoredWeights,
    UnknownModelError,
    as_half,
    read_weights,
    write_weights,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.network.key import Key
    from models.serving.served import Served
    from models.serving.weights_file import WeightsKey

__all__ = [
    "FORMAT",
    "REVISION_DIGITS",
    "WEIGHTS_DIR",
    "DamagedWeightsError",
    "Loaded",
    "MissingWeightsError",
    "Opened",
    "Registry",
    "RegistryError",
    "UnknownModelError",
]

WEIGHTS_DIR = Path(str(files("models") / "weights"))


@dataclass(frozen=True)
class Loaded(Generic[N]):
    """A network to train or measure, in inference mode; the rest is as in `StoredWeights`."""

    name: str
    revision: str
    sha256: str
    labels: Mapping[str, tuple[str, ...]]
    module: N


@dataclass(frozen=True)
class Opened:
    """A network to serve: a session for each of its graphs; the rest is as in `StoredWeights`."""

    name: str
    revision: str
    sha256: str
    labels: Mapping[str, tuple[str, ...]]
    config: Mapping[str, Any]
    sessions: Mapping[str, GraphSession]


class Registry:
    """Loads and saves networks as `<weights_dir>/<name>.safetensors`."""

    def __init__(self, weights_dir: Path = WEIGHTS_DIR) -> None:
        self.weights_dir = Path(weights_dir)
        # Who opens the same network again shares its sessions while somebody has them.
        self._sessions = WeakValueDictionary[tuple[str, str], GraphSession]()

    def path(self, key: WeightsKey) -> Path:
        """Return where the weights of `key` are kept."""
        return self.weights_dir / f"{key.name}.safetensors"

    def weights(self, key: WeightsKey, path: Path | None = None) -> StoredWeights:
        """Return the arrays of `key`, from `path` if given; raises as `load` does."""
        return read_weights(key, self.path(key) if path is None else Path(path))

    def open(self, key: Served, path: Path | None = None) -> Opened:
        """Return the network of `key` as it is served, its weights from `path` if given.

        Raises `MissingWeightsError` or `DamagedWeightsError`, each one line that names the path
        and what would be right.
        """
        file = self.path(key) if path is None else Path(path)
        weights = self.weights(key, file)
        sessions = {name: self._session(name, weights, file) for name in key.graphs}
        return Opened(
            weights.name,
            weights.revision,
            weights.sha256,
            weights.labels,
            json.loads(weights.config),
            sessions,
        )

    def load(self, key: Key[N], path: Path | None = None) -> Loaded[N]:
        """Return the network of `key` in inference mode, from `path` if given.

        Raises `MissingWeightsError` or `DamagedWeightsError`, each one line that names the path
        and what would be right.
        """
        file = self.path(key) if path is None else Path(path)
        weights = self.weights(key, file)
        module = _build(key, file, weights)
        return Loaded(weights.name, weights.revision, weights.sha256, weights.labels, module)

    def save(
        self, key: Key[N], module: N, path: Path | None = None, half: bool = False
    ) -> Loaded[N]:
        """Write `module` as the weights of `key` atomically and return it as it will load.

        `half` stores floats as float16, half the size; they load as float32, and the revision is
        that of what is stored. Raises `ValueError` where a weight is beyond float16's range.
        """
        file = self.path(key) if path is None else Path(path)
        tensors = {
            name: value.detach().cpu().contiguous().numpy()
            for name, value in module.state_dict().items()
        }
        if half:
            tensors = {name: as_half(name, tensor) for name, tensor in tensors.items()}
        config = getattr(module, "config", None)
        saved = write_weights(key, asdict(config) if config is not None else {}, tensors, file)
        if half:
            return self.load(key, file)
        return Loaded(saved.name, saved.revision, saved.sha256, saved.labels, module)

    def _session(self, name: str, weights: StoredWeights, file: Path) -> GraphSession:
        known = self._sessions.get((name, weights.sha256))
        if known is not None:
            return known
        own = self.weights_dir / GRAPHS_DIR.name
        folder = own if (own / f"{name}.onnx").is_file() else GRAPHS_DIR
        try:
            graph = GraphFile.read(folder, name)
            other = difference(graph.config, served_config(json.loads(weights.config)))
            if other is not None:
                raise GraphError(other)
            session = GraphSession.of(graph, weights.tensors)
        except GraphError as error:
            raise DamagedWeightsError(
                f"weights {file} cannot be served by graph {name!r} ({error}); where they are "
                f"right, make it anew: {make(name)}"
            ) from error
        self._sessions[name, weights.sha256] = session
        return session


def _build(key: Key[N], file: Path, weights: StoredWeights) -> N:
    import torch

    tensors = {name: torch.from_numpy(array) for name, array in weights.tensors.items()}
    try:
        module = key.build(json.loads(weights.config))
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
