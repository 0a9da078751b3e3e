"""State shared by all training steps: data, seeds, cached days, and the weights' folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from models.egolog.contrastive import ENCODERS
from models.egolog.scenario_text import SCENARIO_TEXT
from models.research.egolog.days.composed import Days, compose
from models.research.egolog.days.encoded import EncodedDays, encode
from models.research.egolog.localization.listeners import Listener
from models.research.lib.array_cache import load_or_make
from models.serving.registry import Registry
from models.simulation.sources.material import Material

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.egolog.contrastive import Encoders
    from models.egolog.scenario_text import ScenarioText

LocalizationPart = Listener | Literal["near_field"]
"""Networks of localization, by what is listened with; `near_field` is the near-field mask."""

# Training stretches are composed in parts, so that a larger set reuses those of a smaller one.
PART = 600
STRETCH_S = 60
VALIDATION = 96
SIMULATED, SIMULATED_SEED = 256, 90
# The rest are synthesised, so that a class does not depend on thirty recordings only.
REAL_SHARE = 0.8
_VARIED_SEED = 5


@dataclass(frozen=True)
class TrainingContext:
    """Training from the recordings in `data` (None: simulated days only) into the folder `out`.

    `stretches` is the number of composed training minutes; `cache` stores rendered and encoded
    days. `clips` is the number of 2 s clips to train localization on, rendered by `jobs`
    processes; `device` is torch's. `further` continues training from the weights in `out`.
    `parts` are the networks of localization to train, all if empty. `steps` is the number of
    batches of each scenario network, by default as many as its time allows.
    """

    data: Path | None
    out: Path
    cache: Path
    seed: int = 0
    stretches: int = 4 * PART
    clips: int = 8000
    jobs: int = 1
    device: str = "cpu"
    further: bool = False
    parts: tuple[LocalizationPart, ...] = ()
    steps: int | None = None

    @property
    def registry(self) -> Registry:
        """Return the registry of the weights being made."""
        return Registry(self.out)

    @cached_property
    def material(self) -> Material:
        """Return the material of the training part's days."""
        return Material.read(self.data, "train", REAL_SHARE)

    @cached_property
    def validation_material(self) -> Material:
        """Return the material of the validation part's days."""
        return Material.read(self.data, "validation", elsewhere=False)

    @cached_property
    def first_days(self) -> Days:
        """Return the first part of `train_days`, for steps that need no more."""
        return compose(1, min(PART, self.stretches), STRETCH_S, self.material, self.cache)

    @cached_property
    def train_days(self) -> list[Days]:
        """Return the composed minutes of the training part, in parts."""
        counts = [min(PART, self.stretches - at) for at in range(PART, self.stretches, PART)]
        further = [
            compose(number, count, STRETCH_S, self.material, self.cache)
            for number, count in enumerate(counts, 2)
        ]
        # The demo's days are fully simulated, for users without recordings.
        return [
            self.first_days,
            *further,
            compose(SIMULATED_SEED, SIMULATED, STRETCH_S, Material(), self.cache),
        ]

    @cached_property
    def near_days(self) -> Days:
        """Return the first part of the training days with near sounds only."""
        count = min(PART, self.stretches)
        return compose(1, count, STRETCH_S, self.material, self.cache, far=False)

    @cached_property
    def validation_days(self) -> Days:
        """Return the composed minutes of the validation part, rendered for two ears."""
        return compose(100, VALIDATION, STRETCH_S, self.validation_material, self.cache, mono=False)

    def encoders(self) -> Encoders:
        """Return the encoders made so far."""
        return self.registry.load(ENCODERS).module

    def text(self) -> ScenarioText:
        """Return the shipped text embeddings."""
        return Registry().load(SCENARIO_TEXT).module

    def encoded_days(self) -> tuple[EncodedDays, EncodedDays]:
        """Return the training and validation days, encoded by the current encoders."""
        return self.encoded_by(self.encoders())

    def encoded_by(self, encoders: Encoders) -> tuple[EncodedDays, EncodedDays]:
        """Return the training and validation days, encoded by `encoders`; cached."""
        parts = [
            self._encode_part(encoders, days, number)
            for number, days in enumerate(self.train_days, 1)
        ]
        return EncodedDays.concatenate(parts), self._encode_validation(encoders)

    def _encode_part(self, encoders: Encoders, days: Days, number: int) -> EncodedDays:
        """Encode a part of the training days, every second one with varied sensors."""
        name = f"{self.material.name}-train-{number}"
        if number % 2:
            return self._encode_days(encoders, days, name)
        # Of its own, so that a part is the same whether those before it were cached or not.
        rng = np.random.default_rng([_VARIED_SEED, number])
        return self._encode_days(encoders, days, f"{name}-varied", rng)

    def encoded_validation(self) -> EncodedDays:
        """Return the validation days only, encoded by the current encoders."""
        return self._encode_validation(self.encoders())

    def near(self) -> EncodedDays:
        """Return `near_days`, encoded by the current encoders: the output of an ideal gate."""
        return self._encode_days(self.encoders(), self.near_days, f"{self.material.name}-near")

    def _encode_validation(self, encoders: Encoders) -> EncodedDays:
        name = f"{self.validation_material.name}-validation"
        return self._encode_days(encoders, self.validation_days, name, fast=False)

    def _encode_days(
        self,
        encoders: Encoders,
        days: Days,
        name: str,
        rng: np.random.Generator | None = None,
        *,
        fast: bool = True,
    ) -> EncodedDays:
        """Encode days that `name` tells from others, those of other material too."""
        folder = self.cache / f"encoded-{_trunk(encoders)[:12]}-{name}-{len(days)}"

        def make() -> dict[str, NDArray[np.generic]]:
            made = encode(encoders, days, rng, fast=fast)
            return {key: value.numpy() for key, value in vars(made).items()}

        arrays = load_or_make(folder, EncodedDays.__dataclass_fields__, make)
        return EncodedDays(**{key: torch.from_numpy(value) for key, value in arrays.items()})


def _trunk(encoders: Encoders) -> str:
    """Hash the weights that features depend on: the encoders without the shared space."""
    digest = sha256()
    for key, value in sorted(encoders.state_dict().items()):
        if not key.startswith("space."):
            digest.update(key.encode())
            digest.update(value.numpy().tobytes())
    return digest.hexdigest()
