"""The page in windows that are turned or zoomed, and in the reader's own colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.streams.web.correction_form import SAVED, cancel, field, fill_in, open_first, send
from tests.streams.web.site import DRAWN, WHOLE, Site, choose_first

if TYPE_CHECKING:
    from tests.streams.synthetic_log import Records
    from tests.streams.web.browser import Page

# A window of 1280 by 800 pixels, zoomed to 200 %.
ZOOMED = (640, 400)
TURNED = (640, 360)
# Whether what has the focus is in the window, and nothing lies over its middle.
SEEN = """(() => {
  const focused = document.activeElement;
  const { left, top, right, bottom } = focused.getBoundingClientRect();
  const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return top >= 0 && bottom <= innerHeight && focused.contains(there);
})()"""
NAME = "document.activeElement.id || document.activeElement.textContent.slice(0, 20)"


async def test_what_has_the_focus_is_in_sight_when_the_page_is_zoomed(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, *ZOOMED)
    await page.until(DRAWN)
    await choose_first(page)
    await page.until(WHOLE)
    hidden = []
    for _ in range(60):
        await page.press("Tab")
        await page.painted()
        # The charts are higher than the window.
        if await page.value("['BODY', 'SECTION'].includes(document.activeElement.tagName)"):
            break
        if not await page.value(SEEN):
            hidden.append(await page.value(NAME))
    assert [each for each in hidden if each != "rows"] == []


async def test_each_field_of_the_form_is_scrolled_to_when_the_page_is_zoomed(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, *ZOOMED)
    await page.until(DRAWN)
    await choose_first(page)
    await page.until(WHOLE)
    await page.press("c")
    reached = []
    while (name := await page.value(NAME)) != "correct-cancel":
        await page.press("Tab")
        await page.painted()
        assert await page.value(SEEN), name
        reached.append(name)
    assert {"correct-label", "correct-from", "correct-to", "correct-note", "Save"} <= {*reached}
    await cancel(page)


async def test_a_phone_is_turned_while_the_form_is_filled_in(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, 360, 640)
    await page.until(DRAWN)
    await open_first(page)
    await page.until(WHOLE)
    # All of it, with its buttons.
    save = "document.querySelector('#correct [type=submit]').getBoundingClientRect().bottom"
    await page.until(f"{save} <= innerHeight")
    await fill_in(page, label="Fishing")
    await page.value("document.querySelector('#correct-note').focus()")
    await page.write("with Ada")
    for size in (TURNED, (360, 640), TURNED):
        await page.resize(*size)
        await page.until(SEEN)
        assert await page.value(NAME) == "correct-note"
        assert (await field(page, "label"), await field(page, "note")) == ("Fishing", "with Ada")
    await send(page)
    await page.until(SAVED)
    assert [(each.action, each.note) for each in site.published] == [("correct", "with Ada")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_only_a_colour_says_is_seen_in_the_readers_own_colours(
    site: Site, page: Page, records: Records, scheme: str
) -> None:
    await page.open(site.url)
    await page.call(
        "Emulation.setEmulatedMedia",
        features=[
            {"name": "forced-colors", "value": "active"},
            {"name": "prefers-color-scheme", "value": scheme},
        ],
    )
    await page.until(DRAWN)
    same = await page.value(
        """(() => {
          const ground = (selector) =>
            getComputedStyle(document.querySelector(selector)).backgroundColor;
          const nothing = [getComputedStyle(document.body).backgroundColor, 'rgba(0, 0, 0, 0)'];
          return ['.legend .chip', '#record .chip', '.bar-fill', '.share-fill',
            '[data-span=day]', '#latest', '#correct [type=submit]']
            .filter((each) => [...nothing, ground('#earlier')].includes(ground(each)));
        })()"""
    )
    assert same == []
    dot = "getComputedStyle(document.querySelector('#status'), '::before').backgroundColor"
    assert await page.value(f"{dot} !== getComputedStyle(document.body).backgroundColor")
