from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.research.lib.array_cache import load_or_make


def test_what_was_made_once_is_read_again(tmp_path: Path) -> None:
    calls: list[int] = []

    def make() -> dict[str, NDArray[np.int64]]:
        calls.append(len(calls))
        return {"a": np.arange(3), "b": np.full(2, len(calls))}

    folder = tmp_path / "deep" / "days-0.8-1"
    first, again = (load_or_make(folder, ("a", "b"), make) for _ in range(2))
    assert calls == [0]
    for name in ("a", "b"):
        assert np.array_equal(first[name], again[name])
    assert [path.name for path in folder.parent.iterdir()] == ["days-0.8-1"]
    assert load_or_make(None, ("b",), make)["b"].tolist() == [2, 2]


def test_what_broke_off_is_made_anew(tmp_path: Path) -> None:
    def broken() -> dict[str, NDArray[np.int64]]:
        return {"a": np.arange(3)}

    with pytest.raises(KeyError, match="b"):
        load_or_make(tmp_path / "days", ("a", "b"), broken)
    assert not (tmp_path / "days").exists()
    whole = load_or_make(
        tmp_path / "days", ("a", "b"), lambda: {"a": np.arange(2), "b": np.arange(1)}
    )
    assert whole["a"].tolist() == [0, 1]
    assert np.load(tmp_path / "days" / "a.npy").tolist() == [0, 1]


def test_of_two_that_make_it_at_once_the_first_one_stays(tmp_path: Path) -> None:
    folder = tmp_path / "days"

    def slower() -> dict[str, NDArray[np.int64]]:
        load_or_make(folder, ("a",), lambda: {"a": np.arange(2)})
        return {"a": np.arange(5)}

    assert load_or_make(folder, ("a",), slower)["a"].tolist() == [0, 1, 2, 3, 4]
    assert np.load(folder / "a.npy").tolist() == [0, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["days"]
