from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from infra.secrets import mask_address, mask_log, mask_url, mask_urls, read_secret

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host:1/0", "redis://host:1/0"),
        ("no url with an @ sign", "no url with an @ sign"),
        ("redis://:pw@host", "redis://**********@host"),
        ("redis://u:p@w?d/#x@host:1/0", "redis://**********@host:1/0"),
        ("redis://h/0?db=1&password=pw", "redis://h/0?db=**********&password=**********"),
        ("redis://h/0?pw", "redis://h/0?**********"),
        ("https://h/v1#pw", "https://h/v1#**********"),
        ("file:/u:pw@h", "file:/**********@h"),
        ("kafka://u:pw@a:1,b:2", "kafka://**********@a:1,b:2"),
    ],
)
def test_masking_touches_nothing_but_what_may_be_a_secret(url: str, shown: str) -> None:
    assert mask_url(url) == shown


def test_what_should_be_a_url_shows_nothing_before_an_at_sign() -> None:
    assert mask_address("u:pw@host:1") == "**********@host:1"
    assert mask_address("host:1") == "host:1"


def test_urls_inside_of_a_text_are_masked() -> None:
    text = "404, url='https://u:pw@h/x?key=pw': see redis://h:1 (a@b)"
    masked = "404, url='https://**********@h/x?key=**********': see redis://h:1 (a@b)"
    assert mask_urls(text) == masked


def test_a_librarys_log_lines_are_masked(caplog: pytest.LogCaptureFixture) -> None:
    mask_log("tests.masked")
    with caplog.at_level(logging.INFO):
        logging.getLogger("tests.masked").info("POST %s %d %%", "https://u:pw@h/v1", 200)
    assert caplog.messages == ["POST https://**********@h/v1 200 %"]


def test_a_secret_ends_before_the_lines_end(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b" with spaces \r\n")
    assert read_secret(path) == " with spaces "
    path.write_bytes(b"x" * 65_537)
    with pytest.raises(ValueError, match="more than 65536 bytes"):
        read_secret(path)
