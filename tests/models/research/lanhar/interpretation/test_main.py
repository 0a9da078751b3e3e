from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.research.lanhar.interpretation import __main__ as interpret
from models.research.lanhar.interpretation import store
from models.research.lanhar.interpretation.interpretation import Interpretation
from models.research.lanhar.interpretation.store import InterpretationsError
from models.research.lanhar.interpretation.windows import read_npz
from tests.models.research.lanhar.interpretation.mechanics import rest, steps
from tests.models.research.lanhar.scripted import interpreting
from tests.pipeline.llm_endpoint import LlmEndpoint

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "set_20hz.npz"
    windows = [rest(), steps(), steps(hz=2.6, vertical=8.0), steps(hz=1.5)]
    np.savez(
        path,
        data=np.stack(windows).astype(np.float16),
        label=np.array(["sitting", "walking", "running", "walking"]),
        user=np.array(["u"] * 4),
    )
    return path


def run(data: Path, out: Path, *options: str) -> int:
    return interpret.main(["--data", str(data), "--out", str(out), *options])


def report(out: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((out / "set_20hz.report.json").read_text(encoding="utf-8"))
    return held


def test_the_narrator_interprets_every_window(data: Path, tmp_path: Path) -> None:
    assert run(data, tmp_path / "out", "--detail", "2") == 0
    found = store.read(tmp_path / "out" / "set_20hz.jsonl", read_npz(data))
    assert len(found) == 4
    assert all(one is not None and one.detail == 2 for one in found)
    assert report(tmp_path / "out")["sources"] == {"narrator": 4}


def test_an_endpoint_is_asked_after_an_estimate_and_only_once(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with LlmEndpoint(interpreting) as server:
        options = ("--endpoint", server.url, "--model", "scripted", "--yes")
        assert run(data, tmp_path / "out", *options) == 0
        said = capsys.readouterr()
        assert said.out.startswith("4 calls (0 answers are kept already), about")
        assert "interpret: 100%" in said.err
        assert run(data, tmp_path / "out", *options) == 0
        assert "0 calls (4 answers are kept" in capsys.readouterr().out
        assert len(server.requests) == 4
    assert report(tmp_path / "out")["sources"] == {"scripted": 4}


def test_a_run_that_failed_in_part_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    bodies: list[dict[str, Any]] = []

    def failing_later(body: dict[str, Any]) -> tuple[int, bytes]:
        bodies.append(body)
        return interpreting(body) if len(bodies) <= 2 else (500, b"{}")

    options = ("--model", "scripted", "--yes", "--concurrency", "1", "--retries", "0")
    with LlmEndpoint(failing_later) as server:
        assert run(data, tmp_path / "out", "--endpoint", server.url, *options) == 1
    assert report(tmp_path / "out")["interpreted"] == 2
    with LlmEndpoint(interpreting) as server:
        assert run(data, tmp_path / "out", "--endpoint", server.url, *options) == 0
        assert len(server.requests) == 2


def test_nobody_is_asked_without_a_yes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with LlmEndpoint(interpreting) as server:
        assert run(data, tmp_path / "out", "--endpoint", server.url) == 2
        assert server.requests == []
    assert "pass --yes" in capsys.readouterr().err


def test_a_bad_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "none.npz", tmp_path / "out") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_first_so_many_windows_can_be_chosen(data: Path, tmp_path: Path) -> None:
    assert run(data, tmp_path / "out", "--limit", "2") == 0
    assert report(tmp_path / "out")["windows"] == 2


def test_what_an_endpoint_writes_between_lines_does_not_end_one(data: Path, tmp_path: Path) -> None:
    windows = read_npz(data)
    category = "strength\u2028of steps\x85"
    said = Interpretation(patterns={category: ("even",)}, text="It is steady.", source="scripted")
    store.write(tmp_path / "set.jsonl", windows, [said, None, None, said])
    assert store.read(tmp_path / "set.jsonl", windows) == [said, None, None, said]


def test_interpretations_of_other_windows_are_refused(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out")
    windows = read_npz(data)
    path = tmp_path / "out" / "set_20hz.jsonl"
    with pytest.raises(InterpretationsError, match="are not of the 3 windows"):
        store.read(path, windows.where(np.arange(4) < 3))
    good = path.read_text(encoding="utf-8")
    last = json.loads(good.splitlines()[-1])
    for index in (9, -1, None):
        line = json.dumps({**last, "index": index})
        path.write_text(f"{good}{line}\n", encoding="utf-8")
        with pytest.raises(InterpretationsError, match="line 6 holds none"):
            store.read(path, windows)
