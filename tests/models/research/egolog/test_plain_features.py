import torch

from models.egolog.scenario import ScenarioConfig, ScenarioNet, Segments
from models.research.egolog.plain_features import carried_over

AUDIO, IMU, EMBEDDING = 256, 128, 128


def segments(imu: torch.Tensor, moved: torch.Tensor) -> Segments:
    count = imu.shape[1]
    heard = torch.ones(1, count, dtype=torch.bool)
    audio = torch.linspace(-1, 1, count * AUDIO).view(1, count, AUDIO)
    embedding = torch.zeros(1, count, EMBEDDING)
    return Segments(audio, embedding, heard, imu, embedding, moved)


def test_a_network_says_the_same_of_features_that_were_mapped_by_a_line() -> None:
    torch.manual_seed(0)
    network = ScenarioNet(ScenarioConfig(sequence="none", key_frames=False)).eval()
    after = torch.randn(800, IMU)
    turn = torch.linalg.qr(torch.randn(IMU, IMU))[0]
    before = after @ turn + 0.5
    made = carried_over(network, before, after)
    moved = torch.tensor([[True] * 10 + [False] * 5])
    with torch.inference_mode():
        rows, _ = network.join(segments(before[None, :15], moved))
        wanted = network(rows)
        rows, _ = made.join(segments(after[None, :15], moved))
        assert torch.allclose(made(rows), wanted, atol=0.02)
        assert not torch.allclose(network(rows), wanted, atol=0.02)
