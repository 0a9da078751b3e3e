"""The coreset: shipped windows of the original training, which prevent forgetting in fine-tuning.

To save space the file holds the encoders' features as bytes; the embeddings of the shared space are
computed when it is loaded.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
import torch

from models.egolog.contrastive import ENCODERS
from models.egolog.scenario import SCENARIO, ScenarioNet, Segments
from models.finetuning.examples import Examples
from models.serving.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.egolog.contrastive import Encoders

FILE = Path(__file__).parent / "coreset.npz"


class CoresetError(RuntimeError):
    """The coreset is missing, damaged, or of other encoders than those in use."""


@dataclass(frozen=True)
class Coreset:
    """Windows to train on and others to test on, encoded by the revision `encoders`."""

    train: Examples
    held_out: Examples
    encoders: str

    @classmethod
    def load(cls, registry: Registry | None = None, path: Path = FILE) -> Coreset:
        """Load the shipped coreset as rows; raises `CoresetError`."""
        registry = registry or Registry()
        encoders = registry.load(ENCODERS)
        network = registry.load(SCENARIO).module
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                arrays = {key: file[key] for key in file.files}
            revision, labels = str(arrays["encoders"]), arrays["labels"].astype(np.float32)
            if revision != encoders.revision:
                raise CoresetError(
                    f"coreset {path} is of encoders {revision}, but the weights have "
                    f"{encoders.revision}; make it again by "
                    "python -m models.research.egolog.coreset"
                )
            rows = _rows(
                network,
                encoders.module,
                arrays["audio"].astype(np.float32) * arrays["audio_step"],
                arrays["imu"].astype(np.float32) * arrays["imu_step"],
            )
            every = Examples(rows, labels)
            out = arrays["held_out"].astype(bool)
            return cls(every.take(~out), every.take(out), revision)
        except (OSError, KeyError, ValueError, EOFError, BadZipFile, zlib.error) as error:
            raise CoresetError(
                f"coreset {path} cannot be read ({str(error)[:120]}); expected an undamaged copy"
            ) from error


def _rows(
    network: ScenarioNet,
    encoders: Encoders,
    audio: NDArray[np.float32],
    imu: NDArray[np.float32],
) -> NDArray[np.float16]:
    audio_features, imu_features = torch.from_numpy(audio), torch.from_numpy(imu)
    present = torch.ones(audio_features.shape[:2], dtype=torch.bool)
    with torch.inference_mode():
        segments = Segments(
            audio_features=audio_features,
            audio_embedding=encoders.space.of_audio(audio_features),
            audio_mask=present,
            imu_features=imu_features,
            imu_embedding=encoders.space.of_imu(imu_features),
            imu_mask=present,
        )
        rows, _ = network.join(segments)
    return rows.numpy().astype(np.float16)
