"""An AudioSet tagger that replaces our own sound event recogniser (EgoLog §4.4.1).

The windower adds its log-mel to the features of each second, and the scenario recogniser gets the
sound events of each scenario window from it. Everything else is unchanged.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.egolog.audio_tagger import efficientat
from models.egolog.audio_tagger.input import HOP, MELS, RATE, SEGMENT_S, STEPS, TAGGER_MEL
from models.egolog.audio_tagger.log_mel import TaggerLogMel
from models.egolog.audio_tagger.parents import PARENT_OF_CLASS, PARENTS, fold
from models.features import Features
from models.network.interpolation import fill_short_holes
from models.network.published_weights import PretrainedError
from models.network.resampling import resample
from models.serving.one_thread import pin_one_thread
from models.serving.registry import REVISION_DIGITS, RegistryError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from models.egolog.audio_tagger.efficientat import EfficientAT
    from models.features import Float32, Mask

# Published variants with the same shapes, recognisable only by their names: other front ends and
# strides, and ImageNet networks whose classifier is random.
_OTHER = re.compile(r"_(hop_\d+|mels_(?!128(?!\d))\d+|s\d{4}|im(_pytorch)?(?![_a-z]))")


class AudioTaggerError(RegistryError):
    """The audio tagger's weights cannot be used; one line."""


class AudioTagger:
    """Names the sound events of a window by the parents of AudioSet's classes."""

    names = PARENTS

    def __init__(self, network: EfficientAT, revision: str) -> None:
        self._network = network
        self.revision = revision

    def tag(self, mel: NDArray[Any], seconds: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Like `segments`, for numpy arrays, on the calling thread only."""
        with torch.inference_mode():
            pin_one_thread()
            # Copied into memory aligned by torch: alignment changes the order of summation.
            own = torch.empty(mel.shape)
            own.numpy()[...] = mel
            arrived = torch.from_numpy(np.array(seconds, dtype=bool))
            probabilities: NDArray[np.float32] = self.segments(own, arrived).numpy()
            return probabilities

    def events(self, mel: Tensor, arrived: Tensor) -> Tensor:
        """Return (P,) probabilities of `names`, the maximum over segments in which sound arrived.

        Args:
            mel: (100·n, 128) of `TaggerFeatures`, n a multiple of 5.
            arrived: (n,) bool, True for each second of which anything arrived.
        """
        return self.segments(mel, arrived).amax(0)

    def segments(self, mel: Tensor, arrived: Tensor) -> Tensor:
        """Return the probabilities (n/5, P) of each segment, 0 where nothing arrived."""
        silence = TaggerLogMel.scaled(torch.zeros(()))
        seconds = mel.view(-1, STEPS, MELS)  # (n, 100, 128)
        # Missing seconds are zeros, which do not mean silence for this log-mel.
        seconds = torch.where(arrived[:, None, None], seconds, silence)
        segments = seconds.reshape(-1, SEGMENT_S * STEPS, MELS)  # (S, 500, 128)
        has_sound = arrived.view(-1, SEGMENT_S).any(dim=1)  # (S,)
        # All are tagged, because the batch's size changes the order of summation.
        logits = self._network.of_mel(segments.transpose(1, 2).contiguous()).logits  # (S, 527)
        probabilities = fold(torch.sigmoid(logits))  # (S, P)
        return torch.where(has_sound[:, None], probabilities, torch.zeros(()))


class TaggerFeatures(Features):
    """A featurizer that adds the tagger's log-mel to the features of each slice."""

    def __init__(self) -> None:
        super().__init__()
        self._log_mel = TaggerLogMel()

    def audio(self, samples: Float32, rate: int, mask: Mask) -> dict[str, NDArray[np.float16]]:
        """Return the features of `Features.audio`, and `tagger_mel`.

        That is (T, 128) float16, T 100 for 1 s: of the mean power over the channels, from the
        sound at its own rate resampled to 32 kHz. Raises `FeatureError` as they do.
        """
        features = super().audio(samples, rate, mask)
        filled = fill_short_holes(samples, mask, int(self.config.max_hole_s * rate))
        return {**features, TAGGER_MEL: self._tagger_mel(filled, rate)}

    def _tagger_mel(self, samples: Float32, rate: int) -> NDArray[np.float16]:
        with torch.inference_mode():
            pin_one_thread()
            at_32k = resample(samples, rate, RATE)
            # Copied into memory aligned by torch: alignment changes the order of summation.
            wave = torch.empty(at_32k.shape)
            wave.numpy()[...] = at_32k
            power = self._log_mel.power(wave).mean(dim=0)  # (513, T)
            mel: NDArray[np.float16] = self._log_mel.of_power(power).T.half().contiguous().numpy()
            return mel


def open_audio_tagger(path: Path) -> AudioTagger:
    """Load a tagger from a file of EfficientAT's releases, `mn*_as*.pt`.

    Its revision is the first digits of the file's SHA-256. Raises `AudioTaggerError` if the file is
    missing or damaged, or of another network, label set or front end.
    """
    try:
        if other := _OTHER.search(path.stem):
            raise AudioTaggerError(
                f"audio tagger: weights {path} are of the variant {other[1]!r}; expected one that "
                f"names AudioSet's classes from {MELS} bands each {1000 * HOP // RATE} ms, like "
                "mn04_as.pt"
            )
        network = efficientat.load(path)
        digest = sha256(path.read_bytes()).hexdigest()
    except (PretrainedError, OSError) as error:
        raise AudioTaggerError(f"audio tagger: {error}") from error
    if network.config.classes != len(PARENT_OF_CLASS):
        raise AudioTaggerError(
            f"audio tagger: weights {path} name {network.config.classes} classes; "
            f"expected AudioSet's {len(PARENT_OF_CLASS)}"
        )
    return AudioTagger(network, digest[:REVISION_DIGITS])
