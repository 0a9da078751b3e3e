import torch

from models.lanhar.sensor_encoder import SensorEncoder, SensorEncoderConfig
from models.research.lanhar.training.posture import split, train_posture
from models.research.lanhar.training.posture_features import Postures
from models.research.lanhar.training.sensor import SensorSettings

LABELS = torch.eye(128)[:3]
WALKING, SITTING, STANDING = range(3)
SETTINGS = SensorSettings(posture_steps=80, batch=32)
COUNT = 60


def readings(seed: int, size: float) -> tuple[Postures, torch.Tensor]:
    """Return how three wearers are held whose sitting leans by `size` more, and their labels."""
    rng = torch.Generator().manual_seed(seed)
    label = torch.tensor([SITTING, STANDING]).repeat(COUNT // 2)
    values = 0.1 * torch.randn((COUNT, 3), generator=rng)
    values[:, 0] += size * (label == SITTING)
    gravity = torch.nn.functional.normalize(torch.randn((COUNT, 3), generator=rng), dim=1)
    return Postures(values, gravity, torch.arange(COUNT) % 3), label


def trained() -> SensorEncoder:
    torch.manual_seed(0)
    encoder = SensorEncoder(SensorEncoderConfig(posture=True))
    held, label = readings(0, 1.0)
    values = held.relative(torch.ones(COUNT, dtype=torch.bool))
    train_posture(encoder, values, label, LABELS, 0, SETTINGS)
    return encoder


def test_sitting_learned_where_it_leans_little_holds_where_it_leans_far() -> None:
    held, label = readings(1, 4.0)
    even = torch.tensor([[0.1, 0.45, 0.45]]).repeat(COUNT, 1)
    found = split(trained(), held, even, LABELS, (SITTING, STANDING), SETTINGS)
    assert (found.argmax(dim=1) == label).float().mean() > 0.95


def test_only_the_part_of_the_still_classes_is_divided() -> None:
    held, _ = readings(1, 4.0)
    shares = torch.rand((COUNT, 3), generator=torch.Generator().manual_seed(2)).softmax(dim=1)
    found = split(trained(), held, shares, LABELS, (SITTING, STANDING), SETTINGS)
    torch.testing.assert_close(found[:, WALKING], shares[:, WALKING])
    torch.testing.assert_close(found.sum(dim=1), torch.ones(COUNT))
    assert (found[:, SITTING] - shares[:, SITTING]).abs().max() > 0.1


def test_other_branches_do_not_learn_from_postures() -> None:
    torch.manual_seed(0)
    fresh = SensorEncoder(SensorEncoderConfig(posture=True)).state_dict()
    after = trained().state_dict()
    changed = {name.split(".")[0] for name in fresh if not torch.equal(fresh[name], after[name])}
    assert changed == {"posture"}
