from pathlib import Path

import numpy as np
import pytest

from models.research.evaluation.composed_days import scores as composed_life
from models.research.evaluation.self_training.reference_days import original
from tests.models import fresh


def test_the_original_domain_is_the_unseen_days_as_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composed_life, "STRETCH_S", 30)
    weights = fresh.registry(tmp_path / "weights").weights_dir
    rows, truth = original(weights, None, 0, tmp_path / "cache", stretches=2)
    assert rows.shape == (2, 15, 644)
    assert rows.dtype == np.float16
    assert truth.shape == (2, 16)
    assert truth.any(axis=1).all()
    again, _ = original(weights, None, 0, tmp_path / "cache", stretches=2)
    assert np.array_equal(rows, again)
