"""Reading third-party weights without running code, and loading them strictly."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

SUFFIXES = (".pt", ".pth", ".safetensors")
# Keys under which training scripts store the network's state.
_WRAPPERS = ("state_dict", "model", "model_state_dict")


class PretrainedError(ValueError):
    """Published weights cannot be used."""


class UnreadableWeightsError(PretrainedError):
    """The file is missing, damaged, or would run code when loaded."""


class WrongWeightsError(PretrainedError):
    """The file holds another network: a key is missing, unexpected, or of another shape."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a `.pt`, `.pth` or `.safetensors` file by key.

    Raises `UnreadableWeightsError`, one line that names the path and what would be right.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise UnreadableWeightsError(
            f"weights {path} have another suffix; expected {', '.join(SUFFIXES)}"
        )
    if not path.is_file():
        raise UnreadableWeightsError(f"weights {path} do not exist")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (
        SafetensorError,
        pickle.UnpicklingError,
        struct.error,
        AttributeError,
        EOFError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise UnreadableWeightsError(
            f"weights {path} cannot be read ({(str(error) or 'empty').splitlines()[0][:120]}); "
            "expected an undamaged file of tensors alone"
        ) from error
    for wrapper in _WRAPPERS:
        if isinstance(tensors, Mapping) and isinstance(tensors.get(wrapper), Mapping):
            tensors = tensors[wrapper]
    if not isinstance(tensors, Mapping) or not tensors:
        raise UnreadableWeightsError(
            f"weights {path} hold a {type(tensors).__name__}; expected tensors by name"
        )
    odd = next((key for key, value in tensors.items() if not isinstance(value, Tensor)), None)
    if odd is not None:
        raise UnreadableWeightsError(
            f"weights {path} hold {odd!r} of type {type(tensors[odd]).__name__}; "
            "expected tensors by name"
        )
    return dict(tensors)


def shape_of(tensors: Mapping[str, Tensor], key: str, axes: int, path: Path) -> tuple[int, ...]:
    """Return the shape of `key`; raises `WrongWeightsError` if it is absent or has other axes."""
    if key not in tensors:
        raise WrongWeightsError(f"weights {path} lack {key!r}; expected the official file")
    shape = tuple(tensors[key].shape)
    if len(shape) != axes:
        raise WrongWeightsError(
            f"weights {path} hold {key!r} of shape {shape}; expected {axes} axes"
        )
    return shape


def fit_into(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy `tensors` into `module` and freeze it in inference mode.

    Raises `WrongWeightsError` with the first key, in the module's order, that is missing or has
    another shape, or else with the first unexpected key.
    """
    own = module.state_dict()
    for key, value in own.items():
        if key not in tensors:
            raise WrongWeightsError(
                f"weights {path} lack {key!r} of shape {tuple(value.shape)}; "
                "expected the official file"
            )
        if tensors[key].shape != value.shape:
            raise WrongWeightsError(
                f"weights {path} hold {key!r} of shape {tuple(tensors[key].shape)}; "
                f"expected {tuple(value.shape)}"
            )
    extra = next((key for key in tensors if key not in own), None)
    if extra is not None:
        raise WrongWeightsError(f"weights {path} hold {extra!r}, which the network does not have")
    module.load_state_dict({key: tensors[key].to(value.dtype) for key, value in own.items()})
    module.eval().requires_grad_(False)
