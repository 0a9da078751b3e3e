from pathlib import Path

import pytest
import torch

from models.egolog.contrastive import Encoders
from models.network.published_weights import PretrainedError
from models.research.papers.feature_pair import feature_pair
from tests.models.research.papers.pretrained import small_files


def test_published_encoders_can_replace_ours(tmp_path: Path) -> None:
    audio, imu = tmp_path / "mn04_as.pt", tmp_path / "limu_v1.pt"
    torch.save(small_files.efficientat(), audio)
    torch.save(small_files.limu_bert(), imu)
    pair = feature_pair(None, f"efficientat:{audio}", f"limu-bert:{imu}")
    assert pair.name == "efficientat + limu-bert"
    with torch.inference_mode():
        assert pair.audio(torch.zeros(2, 32_000)).shape == (2, pair.audio.width)
        assert pair.imu(torch.zeros(2, 100, 6)).shape == (2, pair.imu.width)


def test_ours_hear_log_mel_a_second_at_a_time() -> None:
    encoders = Encoders().eval()
    pair = feature_pair(encoders)
    wave = torch.randn(1, 32_000) * 0.1
    with torch.inference_mode():
        both = pair.audio(torch.cat([wave, wave]))
        assert both.shape == (2, pair.audio.width)
        torch.testing.assert_close(both[0], both[1])
        assert pair.imu(torch.randn(3, 250, 6)).shape == (3, pair.imu.width)


def test_an_encoder_of_the_other_modality_is_refused(tmp_path: Path) -> None:
    imu = tmp_path / "limu_v1.pt"
    torch.save(small_files.limu_bert(), imu)
    with pytest.raises(PretrainedError, match="does not hear; expected efficientat:PATH"):
        feature_pair(None, f"limu-bert:{imu}", f"limu-bert:{imu}")
    with pytest.raises(PretrainedError, match="no encoders are given"):
        feature_pair(None)
