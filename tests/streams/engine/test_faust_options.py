from __future__ import annotations

from typing import TYPE_CHECKING

import faust
import pytest

from infra.errors import SettingsError
from infra.settings import load
from streams.engine.faust_options import faust_options

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match=r"EGOLOG_RUN_DIR has value '.*/file': .*\(not a dir"):
        faust_options(load(env_file=None, run_dir=file))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:6066"),
        ("127.0.0.1", "http://127.0.0.1:6066"),
        ("localhost", "http://localhost:6066"),
    ],
)
def test_the_page_listens_on_an_address_of_either_kind(tmp_path: Path, host: str, url: str) -> None:
    options = faust_options(load(env_file=None, run_dir=tmp_path, web_host=host))
    assert options["web_bind"] == host
    app = faust.App(
        "page", **{name: options[name] for name in ("web_bind", "web_host", "web_port")}
    )
    assert str(app.conf.canonical_url) == url


def test_batches_are_not_checked_where_each_message_is(tmp_path: Path) -> None:
    options = faust_options(load(env_file=None, run_dir=tmp_path))
    app = faust.App("worker", broker_check_crcs=options["broker_check_crcs"])
    assert app.conf.broker_check_crcs is False
