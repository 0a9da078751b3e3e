from __future__ import annotations

import gzip
import re
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING

import cramjam
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streams.web.routes import PageSources, install
from streams.web.static_files import without_comments

if TYPE_CHECKING:
    from collections.abc import Callable

STATIC = resources.files("streams.web").joinpath("static")
_IMPORT = re.compile(r'^import [^;]*?"\./([a-z_]+\.js)";$', re.MULTILINE)


def imported(name: str, known: set[str]) -> set[str]:
    """Return a module with all that it imports before it runs."""
    if name not in known:
        known.add(name)
        for each in _IMPORT.findall(STATIC.joinpath(name).read_text(encoding="utf-8")):
            imported(each, known)
    return known


def test_the_page_asks_for_all_its_modules_at_once() -> None:
    page = STATIC.joinpath("index.html").read_text(encoding="utf-8")
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/([a-z_]+\.js)">', page)
    assert sorted(preloaded) == sorted(imported("page.js", set()) - {"page.js"})


def sent(name: str) -> bytes:
    """Return a file as it is sent, before it is compressed."""
    return without_comments(STATIC.joinpath(name).read_bytes(), f".{name.rpartition('.')[2]}")


def test_what_a_first_draw_needs_of_the_page_is_few_bytes() -> None:
    needed = {"index.html", "page.css", *imported("page.js", set())}
    packed = [cramjam.brotli.compress(sent(name)) for name in needed]
    assert sum(map(len, packed)) < 38_000


@pytest.mark.parametrize(
    ("suffix", "text", "bare"),
    [
        (".js", "// why\nlet a;\n  // since\n", "\nlet a;\n\n"),
        (".js", 'const at = "http://a";  // there\n', 'const at = "http://a";  // there\n'),
        (".css", "/* Two\n   lines */\na { }\n", "\n\na { }\n"),
        (".css", "/* the */ a { }\n/* rest */\n", "/* the */ a { }\n\n"),
        (".html", "// text\n", "// text\n"),
    ],
)
def test_comments_on_lines_of_their_own_are_not_sent(suffix: str, text: str, bare: str) -> None:
    assert without_comments(text.encode(), suffix) == bare.encode()


@pytest.mark.parametrize("name", sorted(each.name for each in STATIC.iterdir()))
def test_what_is_not_sent_of_a_file_is_a_comment(name: str) -> None:
    written = STATIC.joinpath(name).read_text(encoding="utf-8").splitlines()
    got = sent(name).decode().splitlines()
    # An error names the line of the source.
    assert len(got) == len(written)
    within_template = False
    for number, (line, bare) in enumerate(zip(written, got, strict=True), 1):
        if bare != line:
            assert not within_template, f"{name}:{number} is text, no comment"
        elif name.endswith(".js"):
            within_template ^= line.count("`") % 2 == 1
    assert not within_template


@pytest.mark.parametrize(
    ("accepted", "packed", "unpacked"),
    [
        ("gzip, deflate, br, zstd", "br", cramjam.brotli.decompress),
        ("gzip, deflate", "gzip", gzip.decompress),
        ("br;q=0, gzip; q=0.5", "gzip", gzip.decompress),
        ("br;q=0.0, gzip;q=0", None, bytes),
        ("identity", None, bytes),
    ],
)
async def test_a_file_is_packed_as_its_reader_can_unpack_it(
    accepted: str, packed: str | None, unpacked: Callable[[bytes], bytes]
) -> None:
    application = web.Application()
    install(application, PageSources(lambda: None))
    async with (
        TestClient(TestServer(application), auto_decompress=False) as client,
        client.get("/static/page.js", headers={"Accept-Encoding": accepted}) as answer,
    ):
        assert answer.headers.get("Content-Encoding") == packed
        assert answer.headers["Vary"] == "Accept-Encoding"
        body = bytes(unpacked(await answer.read()))
        assert body == sent("page.js")
        assert answer.headers["ETag"] == f'"{sha256(body).hexdigest()[:16]}"'
