from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

import fsspec
import pytest

from infra.errors import RevisionError
from infra.model_store import weights as weights_store
from infra.model_store.weights import WeightsStore, file_name
from infra.settings import load

if TYPE_CHECKING:
    from pathlib import Path

REVISION = "0123456789ab"
NAME = f"scenario-{REVISION}.safetensors"


@pytest.fixture(params=["folder", "url"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> WeightsStore:
    url = str(tmp_path / "kept") if request.param == "folder" else f"memory://{uuid4().hex}/kept"
    return WeightsStore(url, tmp_path / "copies")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "made.safetensors"
    path.write_bytes(b"weights" * 1000)
    return path


def test_what_was_put_is_got_back(store: WeightsStore, weights: Path) -> None:
    stored = store.put(weights, "scenario", REVISION)
    assert stored.url.endswith(f"/{NAME}")
    assert stored.sha256 == sha256(weights.read_bytes()).hexdigest()
    assert store.get(stored.url, stored.sha256).read_bytes() == weights.read_bytes()


def test_a_damaged_file_is_refused_by_its_hash(store: WeightsStore, weights: Path) -> None:
    stored = store.put(weights, "scenario", REVISION)
    weights.write_bytes(b"others" * 1000)
    store.put(weights, "scenario", REVISION)
    with pytest.raises(RevisionError, match=r"have sha256 [0-9a-f]{12}\.\.\., but the update says"):
        store.get(stored.url, stored.sha256)


def test_a_copy_serves_while_the_store_is_away(tmp_path: Path, weights: Path) -> None:
    store = WeightsStore(str(tmp_path / "kept"), tmp_path / "copies")
    stored = store.put(weights, "scenario", REVISION)
    store.get(stored.url, stored.sha256)
    (tmp_path / "kept" / NAME).unlink()
    assert store.get(stored.url, stored.sha256).read_bytes() == weights.read_bytes()


def test_a_damaged_copy_is_fetched_again(tmp_path: Path, weights: Path) -> None:
    store = WeightsStore(str(tmp_path / "kept"), tmp_path / "copies")
    stored = store.put(weights, "scenario", REVISION)
    store.get(stored.url, stored.sha256).write_bytes(b"half")
    assert store.get(stored.url, stored.sha256).read_bytes() == weights.read_bytes()


@pytest.mark.parametrize(
    "url",
    [
        "../../etc/passwd",
        f"../{NAME}/..",
        "s3://somewhere/scenario-0123456789ab.pickle",
        "scenario-0123456789AB.safetensors",
        f"{NAME}\n",
        f"x{chr(0)}{NAME}",
        "",
    ],
)
def test_only_names_of_our_own_are_looked_up(store: WeightsStore, url: str) -> None:
    with pytest.raises(RevisionError, match="are not named as a revision's are"):
        store.get(url, "0" * 64)


def test_the_place_that_a_message_names_is_never_opened(tmp_path: Path, weights: Path) -> None:
    elsewhere = WeightsStore(str(tmp_path / "elsewhere"), tmp_path / "their-copies")
    stored = elsewhere.put(weights, "scenario", REVISION)
    ours = WeightsStore(str(tmp_path / "ours"), tmp_path / "copies")
    with pytest.raises(
        RevisionError, match=f"weights {NAME} are not in .*ours: expected the store"
    ):
        ours.get(stored.url, stored.sha256)


@pytest.mark.parametrize("revision", ["shipped", "0123", "../../0123456789ab"])
def test_a_revision_that_makes_no_file_name_is_refused(revision: str) -> None:
    with pytest.raises(RevisionError, match="makes no file name"):
        file_name("scenario", revision)


def test_a_file_is_read_no_further_than_the_bound(
    store: WeightsStore, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = store.put(weights, "scenario", REVISION)
    monkeypatch.setattr(weights_store, "MAX_BYTES", 1000)
    with pytest.raises(RevisionError, match="have more than 1000 bytes"):
        store.get(stored.url, stored.sha256)
    with pytest.raises(RevisionError, match="have 7000 bytes: expected at most 1000"):
        store.put(weights, "scenario", REVISION)


def test_only_the_newest_copies_are_kept(
    store: WeightsStore, weights: Path, tmp_path: Path
) -> None:
    for n in range(weights_store._COPIES_MAX + 3):
        stored = store.put(weights, "scenario", f"{n:012x}")
        newest = store.get(stored.url, stored.sha256)
    copies = list((tmp_path / "copies").iterdir())
    assert len(copies) == weights_store._COPIES_MAX
    assert newest in copies


def test_what_was_removed_is_missing(store: WeightsStore, weights: Path, tmp_path: Path) -> None:
    stored = store.put(weights, "scenario", REVISION)
    store.remove("scenario", REVISION)
    store.remove("scenario", REVISION)
    with pytest.raises(RevisionError, match="are not in"):
        store.get(stored.url, stored.sha256)


def test_what_is_announced_holds_no_password(tmp_path: Path, weights: Path) -> None:
    store = WeightsStore(f"memory://user:secret@{uuid4().hex}/kept", tmp_path / "copies")
    stored = store.put(weights, "scenario", REVISION)
    assert "secret" not in stored.url
    assert store.get(stored.url, stored.sha256).read_bytes() == weights.read_bytes()


@pytest.mark.parametrize("url", ["nonsense://bucket/path", "s4://user:secret@host/path"])
def test_a_url_that_nothing_opens_is_one_line_without_its_password(
    url: str, tmp_path: Path, weights: Path
) -> None:
    with pytest.raises(RevisionError, match="EGOLOG_REVISIONS_URL has value") as caught:
        WeightsStore(url, tmp_path).put(weights, "scenario", REVISION)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RevisionError, match=f"weights {NAME} cannot be written in"):
        WeightsStore(str(tmp_path / "file"), tmp_path).put(weights, "scenario", REVISION)


def test_without_a_setting_the_run_folder_holds_them(tmp_path: Path, weights: Path) -> None:
    WeightsStore.of(load(env_file=None, run_dir=tmp_path / "run")).put(
        weights, "scenario", REVISION
    )
    assert (tmp_path / "run" / "revisions" / NAME).is_file()
    url = f"memory://{uuid4().hex}"
    stored = WeightsStore.of(load(env_file=None, run_dir=tmp_path, revisions_url=url)).put(
        weights, "scenario", REVISION
    )
    assert fsspec.filesystem("memory").exists(stored.url.removeprefix("memory:/"))


def test_what_a_store_says_of_its_url_is_masked(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://user:hunter2@store.example.com/w?key=hunter2"

    def refuses(asked: str) -> None:
        raise ConnectionError(f"403, url='{asked}/scenario'")

    monkeypatch.setattr("fsspec.core.url_to_fs", refuses)
    with pytest.raises(RevisionError) as caught:
        WeightsStore(url, tmp_path).put(weights, "scenario", "a" * 12)
    assert "hunter2" not in str(caught.value)
    assert "403, url='https://**********@store.example.com/w?key=**********'" in str(caught.value)
