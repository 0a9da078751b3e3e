import numpy as np
import pytest

from models import features
from models.features import FeatureConfig, FeatureError, Features
from models.research.egolog.audio.mel_bank import mel_bank


def test_the_bank_that_ships_is_torchaudios() -> None:
    config = FeatureConfig()
    kept = features._mel_bank(config)
    # To the last bit only where the logarithms of the frequencies round as on the machine it is of.
    np.testing.assert_allclose(kept, mel_bank(config).numpy(), rtol=0, atol=1e-5)
    assert kept.dtype == np.float32


def test_features_of_other_sizes_need_another_bank() -> None:
    with pytest.raises(FeatureError, match=r"expected \(257, 32\)"):
        Features(FeatureConfig(mels=32))
