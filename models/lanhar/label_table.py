"""Label embeddings as a torch module, for weights files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from models.lanhar.space import FEATURES
from models.lanhar.vocabulary import LabelEmbeddings
from models.network.key import Config, Key


@dataclass(frozen=True)
class LabelTableConfig:
    """The labels of a table."""

    names: tuple[str, ...] = ()


class LabelTable(nn.Module):
    """Label embeddings in a weights file: `vectors` (K, 128)."""

    vectors: Tensor

    def __init__(self, config: LabelTableConfig = LabelTableConfig()) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("vectors", torch.zeros(len(config.names), FEATURES))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Build the module from the sizes in its weights file."""
        return cls(LabelTableConfig(tuple(config["names"])))

    @classmethod
    def of(cls, labels: LabelEmbeddings) -> LabelTable:
        """Return a table of `labels`."""
        table = cls(LabelTableConfig(labels.names))
        table.vectors.copy_(torch.from_numpy(labels.vectors))
        return table

    def labels(self) -> LabelEmbeddings:
        """Return the table's labels."""
        return LabelEmbeddings(self.config.names, self.vectors.numpy())


LANHAR_LABELS = Key("lanhar_labels", LabelTable.from_config)
