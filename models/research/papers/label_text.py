"""Text embeddings of a data set's own labels, and its activities clustered by them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor

from models.network.published_weights import PretrainedError
from models.research.lib.sentence_encoder import SentenceEncoder, SentenceEncoderError
from models.research.papers.pretrained import open_encoder
from models.research.papers.pretrained.imagebind_text import ImageBindText
from models.research.papers.text_table import TextTableError, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.research.papers.published import EncodedSet

PLAIN_DIMENSIONS = 384


@dataclass(frozen=True)
class LabelText:
    """Embeddings (K, E) of labels; `source` says whose, `meaningful` whether they carry meaning."""

    table: Tensor = field(repr=False)
    source: str
    meaningful: bool = True


def embed_labels(
    labels: Sequence[str], table: Path | None = None, encoder: str | None = None
) -> LabelText:
    """Embed labels by `encoder` (`imagebind-text:...`), by a `table` file, or as can be had.

    Without either, the shipped table serves where it names all labels, else a sentence encoder if
    the extra `names` is installed. Failing that each label gets a fixed direction drawn from its
    name: it tells labels apart and says nothing of what they mean. Raises `PretrainedError` or
    `TextTableError` for an encoder or a table that was named and does not serve.
    """
    if encoder is not None:
        module = open_encoder(encoder)
        if not isinstance(module, ImageBindText):
            raise PretrainedError(
                f"encoder {encoder!r} reads no text; expected imagebind-text:PATH"
            )
        return LabelText(module.embed(labels), "ImageBind's text encoder")
    if table is not None:
        return LabelText(read_table(table).lookup(labels), table.name)
    try:
        return LabelText(read_table().lookup(labels), "the shipped table")
    except TextTableError:
        pass
    try:
        return LabelText(SentenceEncoder().embed(labels), "all-MiniLM-L6-v2")
    except SentenceEncoderError:
        rows = torch.stack([_direction(label) for label in labels])
        return LabelText(rows, "fixed directions without meaning", meaningful=False)


def cluster_activities(data: EncodedSet, text: LabelText, count: int, seed: int) -> EncodedSet:
    """Return `data` with its activities joined into `count` clusters (EgoLog §3.3, §5.1.2).

    K-means on the embeddings; a cluster is named by its most frequent activity. Raises
    `TextTableError` when the embeddings carry no meaning.
    """
    if count >= len(data.activities):
        return data
    if not text.meaningful:
        raise TextTableError(
            f"activities of {data.name!r} have no text embeddings to cluster by; install "
            "'egolog-streams[names]', or name a table or a text encoder"
        )
    _, cluster = kmeans2(text.table.double().numpy(), count, minit="++", rng=seed, iter=100)
    used, place = np.unique(cluster, return_inverse=True)
    names = tuple(_most_frequent(data, place == number) for number in range(len(used)))
    activity = torch.from_numpy(place)[data.moments.activity]
    return replace(data, activities=names, moments=replace(data.moments, activity=activity))


def _most_frequent(data: EncodedSet, inside: NDArray[np.bool_]) -> str:
    counts = np.bincount(data.moments.activity.numpy(), minlength=len(data.activities))
    return data.activities[int(np.where(inside, counts, -1).argmax())]


def _direction(label: str) -> Tensor:
    seed = int.from_bytes(sha256(label.encode()).digest()[:8], "big")
    row = np.random.default_rng(seed).standard_normal(PLAIN_DIMENSIONS)
    return torch.from_numpy(row / np.linalg.norm(row)).float()
