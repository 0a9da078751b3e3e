from __future__ import annotations

import ast
import os
import re
import sys
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from schemas.output_path import kept_folder, output_file, output_folder

ROOT = Path(__file__).parents[2]
# Those of what earlier runs kept are read as well.
OUTPUTS = re.compile(r"--(out|json|page|results|draw|pictures|keep|cache|runs|answers)")
# A folder that takes no files, also of root.
linux = pytest.mark.skipif(sys.platform != "linux", reason="without /proc")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["new", "file", "new/new", "folder/new", "{folder}/a/b/c"])
def test_a_file_that_can_be_written_is_its_path_and_is_not_made(folder: Path, path: str) -> None:
    before = sorted(folder.rglob("*"))
    text = path.format(folder=folder)
    assert output_file(text) == Path(text)
    assert sorted(folder.rglob("*")) == before
    assert (folder / "file").read_text() == "kept"


@pytest.mark.parametrize("path", ["new", "folder", ".", "", "new/new", "{folder}/a/b/c"])
def test_a_folder_that_can_be_written_to_is_its_path_and_is_not_made(
    folder: Path, path: str
) -> None:
    before = sorted(folder.rglob("*"))
    text = path.format(folder=folder)
    assert output_folder(text) == kept_folder(text) == Path(text)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("folder", r"output file is 'folder', a folder; expected the path of a file"),
        ("", r"output file is '', a folder; expected the path of a file"),
        ("pipe", r"output file is 'pipe', no regular file; expected the path of a file"),
        ("file/new", r"output file is 'file/new', but '/.*/file' is no folder; expected one there"),
        ("gone/new", r"output file is 'gone/new', but '/.*/gone' is no folder; expected one there"),
        pytest.param(
            "/proc/new/new",
            r"output file is '/proc/new/new', which cannot be written in '/proc' \(.*\); expected "
            r"a folder that can be written to",
            marks=linux,
        ),
        ("n" * 300, r"output file is 'n{200}', which cannot be written \(file name too long\); .*"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_in_one_line(
    folder: Path, path: str, line: str
) -> None:
    with pytest.raises(ArgumentTypeError, match=f"^{line}$"):
        output_file(path)


@pytest.mark.parametrize("kind", [output_folder, kept_folder])
@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("file", r"output folder is 'file', a file; expected the path of a folder"),
        ("file/new", r"output folder is 'file/new', but '/.*/file' is no folder; expected one .*"),
        pytest.param(
            "/proc/new",
            r"output folder is '/proc/new', which cannot be written in '/proc' .*",
            marks=linux,
        ),
    ],
)
def test_a_folder_that_cannot_be_written_to_is_refused_in_one_line(
    folder: Path, kind: object, path: str, line: str
) -> None:
    assert callable(kind)
    with pytest.raises(ArgumentTypeError, match=f"^{line}$"):
        kind(path)


@linux
def test_of_what_earlier_runs_kept_only_a_missing_folder_has_to_be_made() -> None:
    assert kept_folder("/proc") == Path("/proc")
    with pytest.raises(ArgumentTypeError, match="cannot be written in '/proc'"):
        output_folder("/proc")


def test_no_command_tries_its_output_only_after_its_work() -> None:
    late = []
    for path in (
        each for name in ("models", "bench", "tests") for each in (ROOT / name).rglob("*.py")
    ):
        if path.name.startswith("test_"):
            continue
        for call in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(call, ast.Call) and ast.unparse(call.func).endswith("add_argument")):
                continue
            names = [each.value for each in call.args if isinstance(each, ast.Constant)]
            kinds = [ast.unparse(each.value) for each in call.keywords if each.arg == "type"]
            if kinds == ["Path"] and any(OUTPUTS.fullmatch(str(name)) for name in names):
                late.append((path.relative_to(ROOT), names[0]))
    assert late == []
