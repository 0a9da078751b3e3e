"""The one place that networks are loaded from and saved to: safetensors with a full identity.

A file carries the network's name, config, labels and hash, so weights can never be read into
another shape or against another label order. Nothing is unpickled.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.egolog.audio_encoder import SoundEncoder, SoundEncoderConfig
from models.egolog.contrastive import Encoders, EncodersConfig, SpaceConfig
from models.egolog.har import Har, HarConfig
from models.egolog.imu_encoder import ImuEncoderConfig
from models.egolog.localization import Localization, LocalizationConfig
from models.egolog.near_field import NearField, NearFieldConfig
from models.egolog.scenario import ScenarioConfig, ScenarioNet
from models.egolog.scenario_text import ScenarioText
from models.labels import LABELS
from models.lanhar.sensor_encoder import SensorEncoder, SensorEncoderConfig
from models.lanhar.text_encoder import WordEncoder, WordEncoderConfig
from models.lanhar.vocabulary import LabelTable, LabelTableConfig
from schemas.atomic_file import atomic_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WEIGHTS_DIR = Path(str(files("models") / "weights"))
FORMAT = "egolog-streams/1"
REVISION_DIGITS = 12


class RegistryError(RuntimeError):
    """A network cannot be loaded: the name is unknown, or its file is missing or damaged."""


class UnknownModelError(RegistryError):
    """No network has this name."""


class MissingWeightsError(RegistryError):
    """The weights file does not exist."""


class DamagedWeightsError(RegistryError):
    """The weights file is not what it says it is, or was made for other label sets or shapes."""


@dataclass(frozen=True)
class Loaded:
    """A network ready for inference.

    `sha256` covers tensors, config and labels; `revision` is its first 12 digits; `labels` holds
    the label sets of the network's outputs by name.
    """

    name: str
    revision: str
    sha256: str
    labels: Mapping[str, tuple[str, ...]]
    module: nn.Module


@dataclass(frozen=True)
class _Kind:
    labels: tuple[str, ...]
    build: Callable[[dict[str, Any]], nn.Module]


def _encoders(config: dict[str, Any]) -> nn.Module:
    return Encoders(
        EncodersConfig(
            audio=_audio_config(config["audio"]),
            imu=ImuEncoderConfig(
                **{**config["imu"], "dilations": tuple(config["imu"]["dilations"])}
            ),
            space=SpaceConfig(**config["space"]),
        )
    )


def _audio_config(config: dict[str, Any]) -> SoundEncoderConfig:
    stages = tuple(tuple(stage) for stage in config["stages"])
    return SoundEncoderConfig(**{**config, "stages": stages})


def _audio(config: dict[str, Any]) -> nn.Module:
    return SoundEncoder(_audio_config(config))


def _scenario(config: dict[str, Any]) -> nn.Module:
    return ScenarioNet(ScenarioConfig(**config))


def _localization(config: dict[str, Any]) -> nn.Module:
    sizes = {key: tuple(config[key]) for key in ("channels", "steered")}
    return Localization(LocalizationConfig(**{**config, **sizes}))


def _near_field(config: dict[str, Any]) -> nn.Module:
    return NearField(NearFieldConfig(**{**config, "channels": tuple(config["channels"])}))


# Ablations of EgoLog's Table 2, kept to be measured, never run in the pipeline.
WITHOUT_CONTRASTIVE = "scenario_without_contrastive"
WITHOUT_SEQUENCE = "scenario_without_sequence"

_KINDS: dict[str, _Kind] = {
    "localization": _Kind(("regions",), _localization),
    "localization_mono": _Kind(("regions",), _localization),
    "localization_glasses": _Kind(("regions",), _localization),
    "localization_headphones": _Kind(("regions",), _localization),
    "near_field": _Kind((), _near_field),
    "audio": _Kind(("sound_events", "categories"), _audio),
    "encoders": _Kind(("sound_events", "categories", "motions"), _encoders),
    "scenario": _Kind(("scenarios",), _scenario),
    WITHOUT_CONTRASTIVE: _Kind(("scenarios",), _scenario),
    WITHOUT_SEQUENCE: _Kind(("scenarios",), _scenario),
    "har": _Kind(("activities", "scenarios"), lambda config: Har(HarConfig(**config))),
    "scenario_text": _Kind(("scenarios",), lambda config: ScenarioText()),
    "lanhar_words": _Kind((), lambda config: WordEncoder(WordEncoderConfig(**config))),
    "lanhar_text": _Kind((), lambda config: WordEncoder(WordEncoderConfig(**config))),
    "lanhar_sensor": _Kind((), lambda config: SensorEncoder(SensorEncoderConfig(**config))),
    "lanhar_labels": _Kind((), lambda config: LabelTable(LabelTableConfig(tuple(config["names"])))),
}
NAMES: tuple[str, ...] = tuple(_KINDS)
# The sound encoder by itself is a step of training: what ships has it among the encoders.
SHIPPED: tuple[str, ...] = tuple(name for name in _KINDS if name != "audio")


class Registry:
    """Loads and saves networks as `<weights_dir>/<name>.safetensors`."""

    def __init__(self, weights_dir: Path = WEIGHTS_DIR) -> None:
        self.weights_dir = Path(weights_dir)

    def path(self, name: str) -> Path:
        """Return where the weights of `name` are kept; raises `UnknownModelError`."""
        if name not in _KINDS:
            raise UnknownModelError(f"model {name!r} is unknown; want one of {', '.join(NAMES)}")
        return self.weights_dir / f"{name}.safetensors"

    def load(self, name: str, path: Path | None = None) -> Loaded:
        """Return the network `name` in inference mode, from `path` if given.

        Raises `UnknownModelError`, `MissingWeightsError` or `DamagedWeightsError`, each one line
        that names the path and what would be right.
        """
        file = self.path(name) if path is None else Path(path)
        if not file.is_file():
            raise MissingWeightsError(
                f"weights {file} do not exist; want a safetensors file of model {name!r} "
                f"(made by python -m models.research.egolog)"
            )
        metadata, tensors = _read(file)
        if metadata.get("format") != FORMAT or metadata.get("name") != name:
            raise DamagedWeightsError(
                f"weights {file} say format {metadata.get('format')!r} and name "
                f"{metadata.get('name')!r}; want {FORMAT!r} and {name!r}"
            )
        digest = _digest(name, metadata.get("config", ""), metadata.get("labels", ""), tensors)
        if digest != metadata.get("sha256"):
            raise DamagedWeightsError(
                f"weights {file} have sha256 {digest[:REVISION_DIGITS]}..., but their header says "
                f"{str(metadata.get('sha256'))[:REVISION_DIGITS]}...; want an undamaged copy"
            )
        labels = {key: LABELS[key] for key in _KINDS[name].labels}
        if json.loads(metadata["labels"]) != {key: list(value) for key, value in labels.items()}:
            raise DamagedWeightsError(
                f"weights {file} were trained for other labels of {', '.join(labels)}; "
                "want weights trained with models/labels.py as it is"
            )
        module = _build(name, file, metadata["config"], tensors)
        return Loaded(name, digest[:REVISION_DIGITS], digest, labels, module)

    def save(
        self, name: str, module: nn.Module, path: Path | None = None, half: bool = False
    ) -> Loaded:
        """Write `module` as the weights of `name` atomically and return it as it will load.

        `half` stores floats as float16, half the size; they load as float32, and the revision is
        that of what is stored. Raises `ValueError` where a weight is beyond float16's range.
        """
        file = self.path(name) if path is None else Path(path)
        tensors = {
            key: _stored(key, value.detach().cpu().contiguous(), half)
            for key, value in module.state_dict().items()
        }
        config = getattr(module, "config", None)
        config_json = json.dumps(asdict(config) if config is not None else {}, sort_keys=True)
        labels = {key: LABELS[key] for key in _KINDS[name].labels}
        labels_json = json.dumps({key: list(value) for key, value in labels.items()})
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
            return self.load(name, file)
        return Loaded(name, digest[:REVISION_DIGITS], digest, labels, module)


def _stored(key: str, tensor: Tensor, half: bool) -> Tensor:
    if not half or not tensor.is_floating_point():
        return tensor
    stored = tensor.half()
    if not torch.isfinite(stored).all():
        raise ValueError(
            f"tensor {key!r} reaches {float(tensor.abs().max()):.3g}; "
            "want at most 65504 to store it as float16"
        )
    return stored


def _read(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise DamagedWeightsError(
            f"weights {file} cannot be read ({str(error)[:120]}); want an undamaged copy"
        ) from error
    return metadata, tensors


def _build(name: str, file: Path, config: str, tensors: dict[str, Tensor]) -> nn.Module:
    try:
        module = _KINDS[name].build(json.loads(config))
        # Copying into the module's own float32 tensors widens those stored as float16.
        module.load_state_dict(tensors)
    except (RuntimeError, TypeError, KeyError, ValueError) as error:
        first = str(error).splitlines()[0][:120]
        raise DamagedWeightsError(
            f"weights {file} do not fit model {name!r} ({first}); want weights of this version"
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
