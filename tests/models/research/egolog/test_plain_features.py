import pytest
import torch

from models.egolog.scenario import ScenarioConfig, ScenarioNet, Segments
from models.research.egolog.plain_features import Modality, carried_over

AUDIO, IMU, EMBEDDING = 256, 128, 128


def segments(modality: Modality, features: torch.Tensor, there: torch.Tensor) -> Segments:
    count = features.shape[1]
    always = torch.ones(1, count, dtype=torch.bool)
    embedding = torch.zeros(1, count, EMBEDDING)
    if modality == "audio":
        other = torch.linspace(-1, 1, count * IMU).view(1, count, IMU)
        return Segments(features, embedding, there, other, embedding, always)
    other = torch.linspace(-1, 1, count * AUDIO).view(1, count, AUDIO)
    return Segments(other, embedding, always, features, embedding, there)


@pytest.mark.parametrize(("modality", "width"), [("audio", AUDIO), ("imu", IMU)])
def test_a_network_says_the_same_of_features_that_were_mapped_by_a_line(
    modality: Modality, width: int
) -> None:
    torch.manual_seed(0)
    network = ScenarioNet(ScenarioConfig(sequence="none", key_frames=False)).eval()
    after = torch.randn(4 * width, width)
    turn = torch.linalg.qr(torch.randn(width, width))[0]
    before = after @ turn + 0.5
    made = carried_over(network, modality, before, after)
    there = torch.tensor([[True] * 10 + [False] * 5])
    with torch.inference_mode():
        rows, _ = network.join(segments(modality, before[None, :15], there))
        wanted = network(rows)
        rows, _ = made.join(segments(modality, after[None, :15], there))
        assert torch.allclose(made(rows), wanted, atol=0.02)
        assert not torch.allclose(network(rows), wanted, atol=0.02)
