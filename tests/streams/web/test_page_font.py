"""A reader's larger font enlarges all that is read, and everything still fits and is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.streams.web.browser import tab
from tests.streams.web.layout import OUTSIDE, PAGES, TEXTS_THAT_OVERLAP
from tests.streams.web.site import DRAWN, PHONE, WHOLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.streams.synthetic_log import Records
    from tests.streams.web.browser import Page
    from tests.streams.web.site import Site

# The font size of the first of each kind of text that can be seen, in px of the screen.
HEIGHTS = """Object.fromEntries(['h1', 'h2', '#status', '.range button', '#scenarios .axis text',
    '#activities .lane text', '#bars .bar-name', '#legend button', '#record .shares-list li',
    '#days-list .day-name', '#days-hours text', '.trend-name', '#find-words', '#start', '#save',
    'label']
  .map((each) => [each,
    [...document.querySelectorAll(each)].find((node) => node.checkVisibility())])
  .filter(([, node]) => node)
  .map(([each, node]) => {
    const { fontSize } = getComputedStyle(node);
    const svg = node.closest('svg');
    return [each, parseFloat(fontSize) * (svg ? svg.getScreenCTM().a : 1)];
  }))"""


@pytest.fixture
async def large(large_font: int) -> AsyncIterator[Page]:
    async with tab(large_font) as opened:
        yield opened
        assert opened.complaints == []


@pytest.mark.parametrize("path", PAGES)
async def test_every_text_is_twice_as_large_with_a_font_of_twice_the_size(
    site: Site, page: Page, large: Page, records: Records, path: str
) -> None:
    for each in (page, large):
        # Both as wide as their readers' fonts: 1280 px at 16 px.
        await each.open(site.url + path, 1280 if each is page else 2560)
        await each.until(PAGES[path])
    usual = await page.value(HEIGHTS)
    assert len(usual) >= 3
    assert await large.value(HEIGHTS) == pytest.approx({n: 2 * px for n, px in usual.items()})


@pytest.mark.parametrize("path", PAGES)
async def test_everything_fits_with_a_font_of_twice_the_size(
    site: Site, large: Page, records: Records, path: str
) -> None:
    await large.open(site.url + path, 320, 800)
    for width in (320, 390, 820, 1280):
        await large.resize(width, 800)
        await large.until(PAGES[path])
        assert await large.value("document.documentElement.scrollWidth") <= width
        assert await large.value(OUTSIDE) == [], width
        assert await large.value(TEXTS_THAT_OVERLAP) == [], width


async def test_the_form_of_a_correction_fits_a_phone_with_a_font_of_twice_the_size(
    site: Site, large: Page, records: Records
) -> None:
    await large.open(site.url, *PHONE)
    await large.until(DRAWN)
    await large.value(
        "[...document.querySelectorAll('.act')].find((each) => "
        "each.textContent === 'Correct or note').click()"
    )
    await large.until("document.querySelector('.correct input').checkVisibility()")
    assert await large.value("document.documentElement.scrollWidth") <= PHONE[0]
    assert await large.value(OUTSIDE) == []


async def test_the_pointer_chooses_what_is_drawn_below_it(
    site: Site, large: Page, records: Records
) -> None:
    await large.open(site.url)
    await large.until(DRAWN)
    label, x, y = await large.value(
        """(() => { const tick = document.querySelector('#scenarios .axis text:nth-of-type(2)');
             const line = tick.previousElementSibling.getBoundingClientRect();
             return [tick.textContent, line.left, line.top]; })()"""
    )
    await large.pointer("mouseMoved", x + 1, y + 20)
    await large.until(f"document.querySelector('#record').textContent.includes('{label}:')")
    await large.until(WHOLE)
