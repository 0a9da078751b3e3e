import re
from pathlib import Path

import pytest

from models.research.lanhar.evaluation.kept_runs import keep, read_kept
from models.research.lanhar.evaluation.shared_classes import EvaluationError


def test_a_run_is_read_as_it_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "a.json"
    keep(path, {"accuracy": 0.5, "new_activities": None})
    assert read_kept(path) == {"accuracy": 0.5, "new_activities": None}
    assert [one.name for one in path.parent.iterdir()] == ["a.json"]


@pytest.mark.parametrize("damaged", [b"", b'{"accuracy": 0.', b"\xff{}"])
def test_a_damaged_run_is_named(damaged: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(damaged)
    with pytest.raises(EvaluationError, match=re.escape(f"kept run {str(path)!r} is damaged")):
        read_kept(path)
