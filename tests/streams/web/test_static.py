from __future__ import annotations

import re
from importlib import resources

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
