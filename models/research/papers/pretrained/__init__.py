"""The paper's pretrained encoders, for those who have their weights (EgoLog §4.1.2, §4.3)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.egolog.audio_tagger import efficientat
from models.network.published_weights import PretrainedError
from models.research.papers.pretrained import imagebind_text, limu_bert
from models.research.papers.pretrained.bpe import VOCABULARY_FILE

if TYPE_CHECKING:
    from torch import nn

SPECS = ("efficientat:PATH", "limu-bert:PATH", "imagebind-text:PATH[,VOCABULARY]")


def open_encoder(spec: str) -> nn.Module:
    """Return the frozen encoder that `spec` (one of `SPECS`) names.

    `efficientat` takes sound (B, n) at 16 kHz and `limu-bert` motion (B, N, 6) at 50 Hz; both
    return `EncoderOutput` and have a `width`, the number of features. `imagebind-text` has
    `embed(texts)`; its vocabulary, unless named, is looked for beside the weights. Raises
    `PretrainedError`, one line that names the file, the key and what would be right.
    """
    kind, _, rest = spec.partition(":")
    if rest and kind == "efficientat":
        return efficientat.load(Path(rest).expanduser())
    if rest and kind == "limu-bert":
        return limu_bert.load(Path(rest).expanduser())
    if rest and kind == "imagebind-text":
        weights, _, named = rest.partition(",")
        path = Path(weights).expanduser()
        vocabulary = Path(named).expanduser() if named else path.parent / VOCABULARY_FILE
        return imagebind_text.load(path, vocabulary)
    raise PretrainedError(f"encoder {spec!r} is unknown; expected one of {', '.join(SPECS)}")
