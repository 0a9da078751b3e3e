"""The page on a desk and on a phone looks as its references do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.people import serve_page
from tests.streams.synthetic_log import day, put
from tests.streams.web.browser import tab
from tests.streams.web.pictures import SIZES, TOLERANCE, difference, picture, reference_of
from tests.streams.web.site import DRAWN

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore

# What the page's own style would be without, and a font that another machine may have.
RULE = """(() => {{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync({text!r});
  document.adoptedStyleSheets = [sheet];
}})()"""
ANOTHER_FONT = "* { font-family: serif !important; }"
BROKEN = {
    "the charts are gone": ".row svg { visibility: hidden !important; }",
    "the columns are one": ".day { display: block !important; }",
    "all is twice as large": "html { zoom: 2; }",
}


@pytest.mark.parametrize("name", SIZES)
async def test_the_page_looks_as_its_reference(
    store: LogStore, devtools: int, large_font: int, name: str
) -> None:
    await put(store, day())
    width, height, dark, font = SIZES[name]
    reference = reference_of(name)
    async with serve_page(store) as url, tab(devtools if font == 16 else large_font) as page:
        await page.open(url, width, height, dark=dark)
        await page.until(DRAWN)
        assert difference(await picture(page), reference) < TOLERANCE
        await page.value(RULE.format(text=ANOTHER_FONT))
        assert difference(await picture(page), reference) < TOLERANCE
        differences = {}
        for what, rule in BROKEN.items():
            await page.value(RULE.format(text=rule))
            differences[what] = difference(await picture(page), reference)
        assert min(differences.values()) > TOLERANCE, differences


def test_pictures_of_other_sizes_differ_wholly() -> None:
    assert difference(np.zeros((3, 2)), np.zeros((2, 3))) == 1.0
