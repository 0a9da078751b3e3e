"""Label embeddings as weights are kept."""

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
    """Label embeddings as weights are kept: `vectors` (K, 128)."""

    vectors: Tensor

    def __init__(self, config: LabelTableConfig = LabelTableConfig()) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("vectors", torch.zeros(len(config.names), FEATURES))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the network of the sizes that its weights file keeps."""
        return cls(LabelTableConfig(tuple(config["names"])))

    @classmethod
    def of(cls, labels: LabelEmbeddings) -> LabelTable:
        """Return a table that holds `labels`."""
        table = cls(LabelTableConfig(labels.names))
        table.vectors.copy_(torch.from_numpy(labels.vectors))
        return table

    def labels(self) -> LabelEmbeddings:
        """Return what the table holds."""
        return LabelEmbeddings(self.config.names, self.vectors.numpy())


LANHAR_LABELS = Key("lanhar_labels", LabelTable.from_config)
