"""A registry whose encoders encode seconds as a worker does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.egolog.audio_encoder import in_seconds
from models.egolog.contrastive import ENCODERS, Encoders
from models.serving import served
from models.serving.registry import Loaded, Registry

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from models.network.key import Key, N
    from models.serving.session import NetworkSession


class ServedRegistry(Registry):
    """Loads the encoders with the sessions of a worker of the registry's `precision` in them.

    Everything else is as the registry has it, and so are encoders in float32.
    """

    def load(self, key: Key[N], path: Path | None = None) -> Loaded[N]:
        """Return the network of `key` as `Registry.load` does."""
        loaded: Loaded[Any] = super().load(key, path)
        opened = self.open(served.ENCODERS, path) if key.name == ENCODERS.name else None
        if opened is not None and opened.int8:
            session = opened.sessions["seconds"]
            return replace(loaded, module=_ServedEncoders(loaded.module, session).eval())
        return loaded


class _ServedEncoders(Encoders):
    def __init__(self, encoders: Encoders, session: NetworkSession) -> None:
        super().__init__(encoders.config)
        self.load_state_dict(encoders.state_dict())
        self.requires_grad_(False)
        self._session = session

    def seconds(self, mel: Tensor) -> Tensor:
        """(B, 50·n, 64) log-mel -> (B, n, 2, 512), second by second."""
        each = in_seconds(mel).numpy()
        made = np.concatenate([self._session.run(mel=second[None])[0] for second in each])
        return torch.from_numpy(made).view(len(mel), -1, *made.shape[1:])
