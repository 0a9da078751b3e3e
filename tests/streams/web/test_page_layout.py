"""What fits, is legible and can be reached, on narrow and wide windows."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from models.labels import ACTIVITIES
from tests.streams.synthetic_log import PLAN, Part, Records, day, put
from tests.streams.web.layout import DURATIONS_ON_TWO_LINES, OUTSIDE, PAGES, TEXTS_THAT_OVERLAP
from tests.streams.web.site import DRAWN, PHONE, WHOLE, Site

if TYPE_CHECKING:
    from pathlib import Path

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page

CLICKS = """
window.clicks = [];
window.addEventListener('click', ({ target }) => clicks.push(target.outerHTML), true);
"""


async def test_no_label_ever_becomes_markup(site: Site, page: Page, store: LogStore) -> None:
    evil = '<img src=x onerror="document.title=1">'
    plan = (Part(12, evil, "Cooking", (evil, "walking"), (evil,)),)
    await put(store, day(plan=plan))
    await page.open(site.url)
    await page.until(DRAWN)
    assert evil in await page.texts(".bar-name")
    assert evil in (await page.texts("#headline"))[0]
    assert await page.value("document.querySelectorAll('main img').length") == 0
    assert await page.value("document.title") == "EgoLog"


# What is dark is laid out as what is light.
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_everything_fits_the_window(
    site: Site, page: Page, records: Records, tmp_path: Path, dark: bool
) -> None:
    wide = [] if dark else [(1280, 900), (820, 1180)]
    await page.open(site.url, *(wide or [PHONE])[0], dark=dark)
    for width, height in [*wide, PHONE, (360, 740)]:
        await page.resize(width, height)
        await page.until(DRAWN)
        assert await page.value("document.documentElement.scrollWidth") <= width
        assert await page.value(OUTSIDE) == [], width
        assert await page.value(DURATIONS_ON_TWO_LINES) == [], width
        shot = tmp_path / "page.png"
        await page.screenshot(shot)
        assert shot.stat().st_size > 20_000, width


@pytest.mark.parametrize("size", [PHONE, (360, 640)])
async def test_what_a_tap_selects_is_visible(
    site: Site, page: Page, records: Records, size: tuple[int, int]
) -> None:
    await page.open(site.url, *size)
    await page.until(DRAWN)
    await page.value(CLICKS)
    await sees_what_it_taps(page, "#scenarios")
    if size != PHONE:
        await sees_what_it_taps(page, ".lane:first-of-type")
        await sees_what_it_taps(page, ".lane:last-of-type")


async def sees_what_it_taps(page: Page, row: str) -> None:
    # As low in the window as a finger reaches, where the record would cover it.
    x, y = await page.value(
        f"""(() => {{ const node = document.querySelector({row!r});
             node.scrollIntoView({{block: 'end'}});
             const box = node.getBoundingClientRect();
             return [box.left + box.width * 0.3, box.bottom - 8]; }})()"""
    )
    # A finger hits what is painted, and the page has just been scrolled.
    await page.painted()
    await page.tap(x, y)
    await page.until("document.querySelector('#record').textContent.includes('chosen')")
    # What it was judged by comes later and makes it longer.
    await page.until(WHOLE)
    assert await page.value(
        f"""(() => {{ const title = document.querySelector('#record h2');
             const box = title.getBoundingClientRect();
             const top = document.elementFromPoint(box.left + 5, box.top + 5);
             const tapped = document.querySelector({row!r}).getBoundingClientRect().bottom - 8;
             return box.top >= 0 && box.bottom <= innerHeight && title.contains(top)
               && tapped < document.querySelector('#record').getBoundingClientRect().top
               && !document.querySelector('.cursor').hasAttribute('hidden'); }})()"""
    ), row
    # The page has moved below the finger, where a button of the record may be by now.
    assert await page.value("clicks") == []
    await page.value("document.querySelector('.release').click(), clicks.length = 0")
    assert await page.texts(".record-time .quiet") == ["latest"]


async def test_a_finger_that_scrolls_the_page_selects_nothing(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    await page.swipe(150, 400, 150, 250)
    await page.until("scrollY > 0")
    assert await page.texts(".record-time .quiet") == ["latest"]
    await page.swipe(150, 300, 250, 300)
    await page.until("document.querySelector('#record').textContent.includes('chosen')")


async def test_a_tap_in_the_legend_brings_the_chart_back_into_view(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    assert await page.value(
        """(() => { const button = document.querySelector('#legend li:last-child button');
             button.scrollIntoView(); button.focus(); button.click();
             const box = document.querySelector('#scenarios').getBoundingClientRect();
             return box.top >= -1 && box.top < innerHeight; })()"""
    )
    # The list was drawn anew; whoever steers by key is still where they were.
    focused = "document.activeElement.getAttribute('aria-pressed')"
    assert await page.value(focused) == "true"


# What a label belongs to is also reached by the label.
SMALL_TARGETS = """[...document.querySelectorAll('button, a, select, summary, input')]
  .filter((node) => node.checkVisibility())
  .map((node) => (node.type === 'radio' || node.type === 'checkbox' ? node.closest('label') : node))
  .filter((node) => {
    const box = node.getBoundingClientRect();
    return box.width > 1 && (box.width < 24 || box.height < 24);
  })
  .map((node) => `${node.tagName} ${node.textContent.trim()}`)"""


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_is_beside_a_small_window_and_a_finger_hits_every_control(
    site: Site, page: Page, records: Records, path: str
) -> None:
    # A window of 1280 px, zoomed to 400 percent.
    await page.open(site.url + path, 320, 256)
    await page.until(PAGES[path])
    assert await page.value("document.documentElement.scrollWidth") == 320
    assert await page.value(OUTSIDE) == []
    # The name is not cut by what is beside it.
    assert await page.value(
        "(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)"
        "(document.querySelector('.brand'))"
    )
    await page.resize(*PHONE)
    await page.until(PAGES[path])
    if not path:
        await page.value(
            "[...document.querySelectorAll('.act')].find((each) => "
            "each.textContent === 'Correct or note').click()"
        )
        await page.until("document.querySelector('.correct input').checkVisibility()")
    assert await page.value(SMALL_TARGETS) == []


async def test_no_label_lies_over_another(site: Site, page: Page, store: LogStore) -> None:
    # Many names, small shares and changes every few minutes: what fits least.
    names = itertools.cycle(ACTIVITIES[at : at + 2] for at in range(0, 16, 2))
    changes = [part._replace(minutes=min(part.minutes, 3), activities=next(names)) for part in PLAN]
    await put(store, day(plan=changes))
    widths = (320, 360, 390, 700, 820, 1190, 1280)
    await page.open(site.url, widths[0], 900)
    for span in ("day", "900000"):
        chosen = f"document.querySelector('#spans [data-span=\"{span}\"]')"
        await page.until(DRAWN)
        await page.value(f"{chosen}.click()")
        await page.until(f"{chosen}.ariaPressed === 'true'")
        for width in widths:
            await page.resize(width, 900)
            await page.until(DRAWN)
            assert await page.value(TEXTS_THAT_OVERLAP) == [], (span, width)


async def test_every_control_has_a_name(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    tree = (await page.call("Accessibility.getFullAXTree"))["nodes"]
    controls = [
        node
        for node in tree
        if not node.get("ignored")
        and node["role"]["value"] in ("button", "combobox", "slider", "link")
    ]
    assert len(controls) >= 12
    assert [node for node in controls if not node["name"]["value"].strip()] == []


async def test_quiet_text_keeps_a_contrast_of_4_5(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    grounds = set()
    for dark in (False, True):
        await page.colours(dark)
        colours = await page.value(
            """Object.fromEntries(['ink', 'quiet', 'ground', 'raised', 'good', 'bad', 'accent'].map(
                 (name) => [name, getComputedStyle(document.documentElement)
                   .getPropertyValue(`--${name}`).trim()]))"""
        )
        for text in ("ink", "quiet", "bad", "accent"):
            for ground in ("ground", "raised"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (dark, text, ground)
        assert await page.value(
            """getComputedStyle(document.querySelector('#find-words'), '::placeholder').color
                 === getComputedStyle(document.querySelector('#date')).color"""
        ), dark
        grounds.add(colours["ground"])
    assert len(grounds) == 2


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


async def test_on_paper_there_is_the_log_in_dark_on_white_and_no_control(
    site: Site, page: Page, records: Records, tmp_path: Path
) -> None:
    await page.open(site.url, dark=True)
    await page.until(DRAWN)
    await page.call(
        "Emulation.setEmulatedMedia",
        media="print",
        features=[{"name": "prefers-color-scheme", "value": "dark"}],
    )
    await page.screenshot(tmp_path / "print.png", whole=True)
    assert await page.value("getComputedStyle(document.body).color") == "rgb(23, 25, 29)"
    shown = "[...document.querySelectorAll('#foot :is(a, button, summary)')]"
    assert not await page.value(f"{shown}.some((each) => each.checkVisibility())")
    for name in ("#device", "#zone"):
        style = f"getComputedStyle(document.querySelector('{name}'))"
        assert await page.value(f"document.querySelector('{name}').checkVisibility()")
        assert await page.value(f"[{style}.appearance, {style}.borderStyle]") == ["none", "none"]
    # Browsers leave backgrounds out on paper, unless a page asks for them.
    assert (
        await page.value(
            """[...document.querySelectorAll('main *')].filter((node) => {
             const { backgroundColor, printColorAdjust } = getComputedStyle(node);
             return backgroundColor !== 'rgba(0, 0, 0, 0)' && printColorAdjust !== 'exact';
           }).length"""
        )
        == 0
    )


async def test_on_a_sheet_a_chart_keeps_its_shape(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    # The window's charts are drawn; a sheet is narrower, and they are not drawn anew for it.
    await page.call("Emulation.setEmulatedMedia", media="print")
    await page.value("document.querySelector('#rows').style.width = '300px'")
    shapes = await page.value(
        """[...document.querySelectorAll('.row svg')].map((chart) => {
             const { width, height } = chart.viewBox.baseVal;
             const box = chart.getBoundingClientRect();
             return [width / height, box.width / box.height]; })"""
    )
    assert len(shapes) >= 2
    for drawn, printed in shapes:
        assert printed == pytest.approx(drawn, rel=0.02)


async def test_the_status_is_one_line_on_a_phone(site: Site, page: Page, records: Records) -> None:
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    for status in (
        "Live · up to 15:35",
        "Last heard 3 min ago · up to 15:35",
        "Paused until Sun 29 Nov, 18:00 · up to 15:35",
        "The worker does not answer; log up to 15:35",
    ):
        lines, width = await page.value(
            f"""(() => {{ const line = document.querySelector('#status');
                 line.textContent = {status!r};
                 const range = document.createRange();
                 range.selectNodeContents(line);
                 const tops = [...range.getClientRects()].map((box) => box.top);
                 return [new Set(tops).size, document.documentElement.scrollWidth]; }})()"""
        )
        assert (lines, width) == (1, PHONE[0]), status
