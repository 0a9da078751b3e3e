"""Loading and saving networks, for serving and for training.

Each network declares its typed `Key` where it is defined; `models.serving.served` lists those that
a worker runs. Serving does not import torch.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal
from weakref import WeakValueDictionary

from models.network.key import N
from models.serving.graph_file import (
    GRAPHS_DIR,
    MADE_OF,
    GraphError,
    GraphFile,
    difference,
    make,
    served_config,
)
from models.serving.late_session import LateSession
from models.serving.served import INT8_ENDING, NEEDED_NAMES
from models.serving.session import GraphSession, check_tensors
from models.serving.trained_with import revisions_trained_with
from models.serving.weights_file import (
    FORMAT,
    REVISION_DIGITS,
    WEIGHTS_DIR,
    DamagedWeightsError,
    MissingWeightsError,
    RegistryError,
    StoredWeights,
    UnknownModelError,
    as_half,
    joint_revision,
    made_anew_by,
    path_of,
    read_weights,
    write_weights,
)
from models.serving.without_gyroscope import ByGyroscope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from models.network.key import Key
    from models.serving.served import Served
    from models.serving.session import BatchedSessions, NetworkSession
    from models.serving.weights_file import WeightsKey

__all__ = [
    "FORMAT",
    "REVISION_DIGITS",
    "WEIGHTS_DIR",
    "DamagedWeightsError",
    "Loaded",
    "MissingWeightsError",
    "Opened",
    "Precision",
    "Registry",
    "RegistryError",
    "UnknownModelError",
]

Precision = Literal["int8", "float32"]
"""Precision of sound encoding: eight bits if there are weights for it, or float32."""


# Shortened, because a record's revision has at most 64 characters.
_INT8_DIGITS = 8
_WITHOUT_ACCELERATION = "remove that file"


@dataclass(frozen=True)
class Loaded(Generic[N]):
    """A torch network in inference mode, to train or measure; see `StoredWeights`."""

    name: str
    revision: str
    sha256: str
    labels: Mapping[str, tuple[str, ...]]
    module: N


@dataclass(frozen=True)
class Opened:
    """A network to serve, with a session for each of its graphs; see `StoredWeights`.

    `int8` is the revision of its eight-bit weights and `acceleration` that of those for devices
    without a gyroscope, both empty if they are not used. `suffix` says on what it computes, empty
    for ONNX Runtime on the CPU.
    """

    name: str
    revision: str
    sha256: str
    labels: Mapping[str, tuple[str, ...]]
    config: Mapping[str, Any]
    sessions: Mapping[str, NetworkSession]
    int8: str = ""
    acceleration: str = ""
    suffix: str = ""

    @property
    def whole_revision(self) -> str:
        """The revision, or 12 digits of it and that for acceleration together."""
        return joint_revision((self.revision, self.acceleration))

    @property
    def revisions(self) -> frozenset[str]:
        """By which revisions records name these weights, whatever they compute on.

        Those from before there were weights for devices without a gyroscope do not name them.
        """
        return names_in_records(self.revision, self.acceleration)

    @property
    def recorded(self) -> str:
        """`whole_revision`, followed by `+<8>` of the eight-bit weights or `+cuda`: in records."""
        return "+".join(
            part for part in (self.whole_revision, self.int8[:_INT8_DIGITS], self.suffix) if part
        )


class Registry:
    """Loads and saves networks as `<weights_dir>/<name>.safetensors`.

    Opened networks compute in `precision`; those that `batched` serves, by its sessions.
    """

    def __init__(
        self,
        weights_dir: Path = WEIGHTS_DIR,
        precision: Precision = "float32",
        batched: BatchedSessions | None = None,
    ) -> None:
        self.weights_dir = Path(weights_dir)
        self.precision: Precision = precision
        self._batched = batched
        # Shared by everyone who opens the same network, as long as it is in use.
        self._sessions = WeakValueDictionary[tuple[str, str], GraphSession]()

    def path(self, key: WeightsKey) -> Path:
        """Return the path of the weights of `key`."""
        return path_of(key.name, self.weights_dir)

    def weights(self, key: WeightsKey, path: Path | None = None) -> StoredWeights:
        """Return the arrays of `key`, from `path` if given; raises as `load` does."""
        return read_weights(key, self.path(key) if path is None else Path(path))

    def open(
        self, key: Served, path: Path | None = None, precision: Precision | None = None
    ) -> Opened:
        """Open the network of `key` for serving, its weights from `path` if given.

        `precision` is the registry's if None. Raises `MissingWeightsError` or
        `DamagedWeightsError`, each one line that names the path and what would be right.
        """
        file = self.path(key) if path is None else Path(path)
        weights = self.weights(key, file)
        sessions: dict[str, NetworkSession] = {}
        int8 = acceleration = suffix = ""
        if self._batched is not None and self._batched.serves(key):
            sessions, suffix = self._batched.sessions(key, weights, file), self._batched.suffix
        elif (precision or self.precision) == "int8" and key.int8 is not None:
            sessions, int8 = self._derived(key.int8, weights, file, "set EGOLOG_PRECISION=float32")
        for name in key.graphs:
            if name not in sessions:
                sessions[name] = self._session_of(key, name, weights, file)
        if key.acceleration is not None:
            alone, acceleration = self._derived(
                key.acceleration, weights, file, _WITHOUT_ACCELERATION
            )
            sessions |= {name: ByGyroscope(name, sessions[name], alone[name]) for name in alone}
        return Opened(
            weights.name,
            weights.revision,
            weights.sha256,
            weights.labels,
            json.loads(weights.config),
            sessions,
            int8,
            acceleration,
            suffix,
        )

    def revisions(self, key: Served) -> frozenset[str]:
        """Return by which revisions records name the weights of `key`: `Opened.revisions`.

        Nothing is opened. Raises as `open` does.
        """
        weights = self.weights(key)
        derived = None
        if key.acceleration is not None:
            derived = self._derived_weights(
                key.acceleration, weights, self.path(key), _WITHOUT_ACCELERATION
            )
        return names_in_records(weights.revision, "" if derived is None else derived.revision)

    def load(self, key: Key[N], path: Path | None = None) -> Loaded[N]:
        """Load the torch network of `key` in inference mode, from `path` if given.

        Raises `MissingWeightsError` or `DamagedWeightsError`, each one line that names the path
        and what would be right.
        """
        file = self.path(key) if path is None else Path(path)
        weights = self.weights(key, file)
        module = build_module(key, file, weights)
        return Loaded(weights.name, weights.revision, weights.sha256, weights.labels, module)

    def save(
        self, key: Key[N], module: N, path: Path | None = None, half: bool = False
    ) -> Loaded[N]:
        """Write `module` atomically as the weights of `key`, and return it as it will load.

        The file says with which of the registry's weights it was trained.
        `half` stores floats as float16, half the size; they load as float32, and the revision is
        that of the stored values. Raises `ValueError` if a weight exceeds float16's range.
        """
        file = self.path(key) if path is None else Path(path)
        tensors = {
            name: value.detach().cpu().contiguous().numpy()
            for name, value in module.state_dict().items()
        }
        if half:
            tensors = {name: as_half(name, tensor) for name, tensor in tensors.items()}
        config = getattr(module, "config", None)
        saved = write_weights(
            key,
            asdict(config) if config is not None else {},
            tensors,
            file,
            revisions_trained_with(key.name, self.weights_dir),
        )
        if half:
            return self.load(key, file)
        return Loaded(saved.name, saved.revision, saved.sha256, saved.labels, module)

    def _derived(
        self, key: Served, whole: StoredWeights, file: Path, without: str
    ) -> tuple[dict[str, NetworkSession], str]:
        """Return the sessions of weights that were made of `whole`, and their revision.

        There are none without such weights beside `file`.
        """
        weights = self._derived_weights(key, whole, file, without)
        if weights is None:
            return {}, ""
        beside = file.with_name(self.path(key).name)
        if key.late:
            _check_sizes(weights, whole, beside, without)
        # Tensors that are the same are in the file that they were made of.
        both = replace(weights, tensors={**whole.tensors, **weights.tensors})
        sessions = {
            name.removesuffix(INT8_ENDING): self._session_of(key, name, both, beside)
            for name in key.graphs
        }
        return sessions, weights.revision

    def _derived_weights(
        self, key: Served, whole: StoredWeights, file: Path, without: str
    ) -> StoredWeights | None:
        """Return the weights beside `file` that were made of `whole`, None if there are none.

        `without` says how to do without them.
        """
        beside = file.with_name(self.path(key).name)
        if not beside.is_file():
            return None
        weights = self.weights(key, beside)
        made_of = json.loads(weights.config).get(MADE_OF)
        if made_of != whole.sha256:
            raise DamagedWeightsError(
                f"weights {beside} were made of {whole.name} {str(made_of)[:REVISION_DIGITS]}, and "
                f"they are {whole.revision}; make them anew "
                f"({made_anew_by(key.name, beside.parent)}) or {without}"
            )
        return weights

    def _session_of(
        self, key: Served, name: str, weights: StoredWeights, file: Path
    ) -> NetworkSession:
        """Return a session of the graph `name` of `key`, which opens later if that is `late`."""
        if not key.late:
            return self._session(name, weights, file)
        with self._told_with_their_file(name, file):
            graph = self._graph(name, weights)
            check_tensors(graph, weights.tensors)
        # The others would be kept in memory for as long as the session is not opened.
        own = {each: weights.tensors[each] for each in graph.weights}
        return LateSession(partial(self._session, name, replace(weights, tensors=own), file))

    def _session(self, name: str, weights: StoredWeights, file: Path) -> GraphSession:
        known = self._sessions.get((name, weights.sha256))
        if known is not None:
            return known
        with self._told_with_their_file(name, file):
            session = GraphSession.of(self._graph(name, weights), weights.tensors)
            for needed in NEEDED_NAMES.get(name, ()):
                if needed not in session.names:
                    raise GraphError(f"it has no {needed!r}, so an earlier release has made it")
        self._sessions[name, weights.sha256] = session
        return session

    def _graph(self, name: str, weights: StoredWeights) -> GraphFile:
        """Return the graph `name`; raises `GraphError` if it is of other sizes than `weights`."""
        own = self.weights_dir / GRAPHS_DIR.name
        folder = own if (own / f"{name}.onnx").is_file() else GRAPHS_DIR
        graph = GraphFile.read(folder, name)
        other = difference(graph.config, served_config(json.loads(weights.config)))
        if other is not None:
            raise GraphError(other)
        return graph

    @contextmanager
    def _told_with_their_file(self, name: str, file: Path) -> Iterator[None]:
        """Raise a `GraphError` of the weights in `file` as a `DamagedWeightsError`."""
        try:
            yield
        except GraphError as error:
            raise DamagedWeightsError(
                f"weights {file} cannot be served by graph {name!r} ({error}); where they are "
                f"right, make it anew: {make(name, self.weights_dir)}"
            ) from error


def _check_sizes(weights: StoredWeights, whole: StoredWeights, file: Path, without: str) -> None:
    """Raise `DamagedWeightsError` unless tensors have the sizes of those that they replace."""
    for name, tensor in weights.tensors.items():
        meant = whole.tensors.get(name)
        if meant is None or meant.shape != tensor.shape:
            expected = "no such tensor" if meant is None else f"shape {meant.shape}"
            raise DamagedWeightsError(
                f"weights {file} have tensor {name!r} of shape {tensor.shape}, expected "
                f"{expected} as {whole.name}; make them anew "
                f"({made_anew_by(weights.name, file.parent)}) or {without}"
            )


def names_in_records(revision: str, acceleration: str) -> frozenset[str]:
    """Return by which revisions records name weights with those for acceleration, "" for none."""
    return frozenset((revision, joint_revision((revision, acceleration))))


def build_module(key: Key[N], file: Path, weights: StoredWeights) -> N:
    """Return the torch network of `key` with the `weights` of a file; raises as `Registry.load`."""
    import torch

    tensors = {name: torch.from_numpy(array) for name, array in weights.tensors.items()}
    try:
        module = key.build(json.loads(weights.config))
        # Copying into the module's float32 tensors widens those stored as float16.
        module.load_state_dict(tensors)
    except (RuntimeError, TypeError, KeyError, ValueError) as error:
        first = str(error).splitlines()[0][:120]
        raise DamagedWeightsError(
            f"weights {file} do not fit model {key.name!r} ({first}); "
            "expected weights of this version"
        ) from error
    module.eval()
    return module.requires_grad_(False)
