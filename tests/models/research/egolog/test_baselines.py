import pytest

from models.research.egolog import baselines
from tests.models.research.egolog import synthetic

NAMES = {"audio only", "imu only", "late fusion", "samosa style"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "STEPS", 60)


@pytest.mark.training
def test_activities_that_need_both_are_beyond_one_modality() -> None:
    train, check, test = (
        baselines.activities(synthetic.encoded(count, 60, seed=seed))
        for seed, count in enumerate((32, 8, 16))
    )
    found = baselines.measure(train, check, test, 0)
    assert set(found) == NAMES
    # Eight activities: sound knows four pairs of them, motion two fours.
    assert 0.3 < found["audio only"] < 0.7
    assert 0.15 < found["imu only"] < 0.4
    assert found["late fusion"] > 0.9
    assert found["samosa style"] > 0.9


@pytest.mark.training
def test_scenarios_are_told_from_thirty_seconds_of_either() -> None:
    train, check, test = (
        baselines.scenarios(synthetic.encoded(count, 75, seed=seed))
        for seed, count in enumerate((32, 8, 16))
    )
    assert train.audio.shape == (64, 256)
    assert train.target.shape == (64, 16)
    found = baselines.measure(train, check, test, 0)
    assert set(found) == NAMES
    assert min(found.values()) > 0.9
