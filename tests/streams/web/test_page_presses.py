"""What is pressed, written and focused while the page changes under the finger."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.streams.synthetic_log import MORNING, PLAN, Records, day, put
from tests.streams.web.correction_form import OPEN, SAVED, cancel, field, fill_in, open_form, send
from tests.streams.web.site import DRAWN, PHONE, WHOLE, Site, choose_first

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page

NS = 10**9
# Longer than a press may have been aimed before a change, and than a double tap.
SEEN_S = 0.55
TOO_SOON = "That press did nothing: what was there had just changed. Press again if you mean this."
FOCUSED = "document.activeElement.id || document.activeElement.dataset.key"
# Presses the first match, as a finger at this place does, at the moment at which `within` is drawn
# otherwise than it is.
PRESS_AT_ONCE = """(selector, within, x, y) => {
  const root = document.querySelector(within);
  const before = root.textContent;
  window.pressed = undefined;
  new MutationObserver((_, watching) => {
    const button = document.querySelector(selector);
    if (!button || root.textContent === before) return;
    watching.disconnect();
    const box = button.getBoundingClientRect();
    const at = { clientX: x ?? box.left + 5, clientY: y ?? box.top + 5, bubbles: true };
    button.dispatchEvent(new PointerEvent('pointerdown', at));
    button.dispatchEvent(new PointerEvent('pointerup', at));
    button.dispatchEvent(new MouseEvent('click', { ...at, detail: 1 }));
    window.pressed = button.textContent;
  }).observe(root, { childList: true, subtree: true });
}"""


async def press_at_once(page: Page, selector: str, *at: float, within: str = "#record") -> None:
    await page.value(f"({PRESS_AT_ONCE})(...{json.dumps([selector, within, *at])})")


async def centre(page: Page, selector: str) -> tuple[float, float]:
    """Return the middle of the first match, in the window and painted."""
    await page.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
    await page.painted()
    x, y = await page.value(
        f"(({{left, top, width, height}}) => [left + width / 2, top + height / 2])"
        f"(document.querySelector({selector!r}).getBoundingClientRect())"
    )
    return x, y


async def slow(page: Page, latency_ms: int) -> None:
    await page.call("Network.enable")
    await page.call(
        "Network.emulateNetworkConditions",
        offline=False,
        latency=latency_ms,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )


def said(site: Site) -> list[tuple[str, int]]:
    """Return each correction's row and its seconds."""
    return [(each.row, (each.end_ns - each.start_ns) // NS) for each in site.published]


@pytest.fixture
async def growing(store: LogStore) -> Callable[[], Records]:
    """A log of which the next half minute is returned at each call."""
    made = day()
    at = len(made.scenarios) // 2

    def until(past: int) -> Records:
        end = made.scenarios[past].start_ns
        return Records(
            made.scenarios[:past], [], [each for each in made.activities if each.end_ns <= end]
        )

    await put(store, until(at))

    def more() -> Records:
        nonlocal at
        at += 1
        whole = until(at)
        return Records(whole.scenarios[-1:], [], whole.activities[-6:])

    return more


@pytest.mark.parametrize("size", [PHONE, (1280, 900)])
async def test_the_second_of_two_quick_taps_confirms_nothing_else(
    site: Site, page: Page, records: Records, size: tuple[int, int]
) -> None:
    await page.open(site.url, *size)
    await page.until(DRAWN)
    await asyncio.sleep(SEEN_S)
    x, y = await centre(page, "[data-key=right]")
    await press_at_once(page, "#record > .word button", x, y)
    if size == PHONE:
        await page.tap(x, y)
    else:
        await page.click(x, y)
    await page.until("window.pressed.startsWith('All of')")
    await asyncio.sleep(SEEN_S)
    assert said(site) == [("scenario", 30)]
    assert (await page.texts("#saved"))[0].startswith("Saved: ")
    # Who has seen the button presses it.
    await page.value("document.querySelector('[data-key=all-right]').click()")
    await page.until("document.querySelectorAll('#corrections-list li').length === 2")
    assert said(site) == [("scenario", 30), ("scenario", 1500)]


async def test_a_press_confirms_the_record_that_was_there_when_the_finger_came(
    site: Site, page: Page, store: LogStore, growing: Callable[[], Records]
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await asyncio.sleep(SEEN_S)
    headline = "document.querySelector('.axis').textContent + document.body.innerText"
    x, y = await centre(page, "[data-key=right]")
    seen = (await page.texts(".record-time span"))[0]
    await page.pointer("mouseMoved", x, y)
    await page.pointer("mousePressed", x, y, 1)
    status = await page.texts("#status")
    for _ in range(2):
        await put(store, growing())
    before = await page.value(headline)
    await page.until(
        f"({headline}) !== {before!r} && "
        f"document.querySelector('#status').textContent !== {status[0]!r}"
    )
    assert (await page.texts(".record-time span"))[0] == seen
    await page.pointer("mouseReleased", x, y)
    await page.until(SAVED)
    [confirmed] = site.published
    assert f"{confirmed.start_ns // NS % 60:02d} – " in seen
    # Then the newest one is there.
    await page.until(f"document.querySelector('.record-time span').textContent !== {seen!r}")


async def test_a_press_on_a_record_that_has_just_been_replaced_says_that_it_confirms_nothing(
    site: Site, page: Page, store: LogStore, growing: Callable[[], Records]
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await press_at_once(page, "[data-key=right]")
    await put(store, growing())
    await page.until("window.pressed")
    assert (await page.texts("#saved"))[0].startswith(TOO_SOON)
    await asyncio.sleep(SEEN_S)
    assert site.published == []
    x, y = await centre(page, "[data-key=right]")
    await page.click(x, y)
    await page.until(SAVED)
    assert said(site) == [("scenario", 30)]


@pytest.mark.parametrize("size", [(360, 640), (1280, 800)])
async def test_what_a_press_did_is_in_sight_and_over_nothing_else(
    site: Site, page: Page, records: Records, size: tuple[int, int]
) -> None:
    await page.open(site.url, *size)
    await page.until(DRAWN)
    await choose_first(page)
    await page.until(WHOLE)
    await page.value("document.querySelector('[data-key=right]').click()")
    await page.until(SAVED)
    await page.until(WHOLE)
    for text in ("", f" · {TOO_SOON}"):
        await page.value(f"document.querySelector('#saved').append({text!r})")
        seen = await page.value(
            """(() => { const saved = document.querySelector('#saved');
                 const { left, top, right, bottom } = saved.getBoundingClientRect();
                 const own = [top + 3, (top + bottom) / 2, bottom - 3].every((y) =>
                   saved.contains(document.elementFromPoint((left + right) / 2, y)));
                 const { backgroundColor } = getComputedStyle(saved);
                 return [bottom <= innerHeight, own, backgroundColor !== 'rgba(0, 0, 0, 0)'];
               })()"""
        )
        assert seen == [True, True, True]


async def test_a_press_on_a_button_that_was_there_all_along_is_taken(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await slow(page, 800)
    await choose_first(page)
    await asyncio.sleep(SEEN_S)
    # The evidence comes below it.
    assert not await page.value(WHOLE)
    await press_at_once(page, "[data-key=right]")
    await page.until(f"window.pressed && {WHOLE}")
    await page.until(SAVED)
    assert said(site) == [("scenario", 30)]


async def test_a_press_on_a_button_that_has_just_moved_confirms_nothing(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url, *PHONE)
    await page.until(DRAWN)
    await slow(page, 800)
    await choose_first(page)
    await asyncio.sleep(SEEN_S)
    top = "document.querySelector('[data-key=right]').getBoundingClientRect().top"
    before = await page.value(top)
    assert not await page.value(WHOLE)
    await press_at_once(page, "[data-key=right]")
    await page.until(f"window.pressed && {WHOLE}")
    assert await page.value(top) < before - 20
    assert (await page.texts("#saved"))[0].startswith(TOO_SOON)
    assert site.published == []


async def test_an_undo_that_has_just_come_under_the_finger_takes_nothing_back(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value("document.querySelector('[data-key=right]').click()")
    await page.until("document.querySelector('#corrections-list button') !== null")
    await asyncio.sleep(SEEN_S)
    listed = "#corrections-list"
    await press_at_once(page, f"{listed} li:first-child button", within=listed)
    # As from another tab.
    parts = [{"from": str(MORNING * NS), "to": str((MORNING + 60) * NS)}]
    note = {"device": "glasses-01", "action": "note", "parts": parts, "note": "with Ada"}
    await page.value(
        f"""fetch('/api/v1/corrections', {{
              method: 'POST', body: JSON.stringify({json.dumps(note)}),
              headers: {{ 'Content-Type': 'application/json', 'X-EgoLog': '1' }} }}); 0"""
    )
    await page.until("window.pressed === 'Undo'")
    assert (await page.texts("#saved"))[0].endswith(f" confirmed · {TOO_SOON}")
    await asyncio.sleep(SEEN_S)
    assert [each.action for each in site.published] == ["confirm", "note"]


async def test_who_writes_while_a_confirmation_is_sent_goes_on_writing(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    for key, place in (("Home", "#correct-note"), ("End", "#find-words")):
        await page.value("document.querySelector('#rows').focus()")
        await page.press(key)
        await page.until(WHOLE)
        await slow(page, 500)
        await page.value("document.querySelector('#saved').textContent = ''")
        await page.value("document.querySelector('[data-key=right]').click()")
        await open_form(page)
        await page.value(f"document.querySelector({place!r}).focus()")
        await page.until("document.querySelector('#saved').textContent !== ''")
        # Keys of the charts, where they confirm.
        for letter in "yay":
            await page.call("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
        assert await page.value(f"document.querySelector({place!r}).value") == "yay"
        await slow(page, 0)
    assert said(site) == [("scenario", 30)] * 2


async def test_two_records_are_confirmed_while_the_first_word_is_on_its_way(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await slow(page, 500)
    await page.value("document.querySelector('#rows').focus()")
    for key in ("Home", "y", "y", "ArrowRight", "y"):
        await page.press(key)
    await page.until("document.querySelectorAll('#corrections-list li').length === 2")
    starts = [each.start_ns // NS - MORNING for each in site.published]
    assert sorted(starts) == [0, 30]


async def test_a_form_that_is_opened_while_another_is_saved_stays_open(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await slow(page, 500)
    await open_form(page)
    await fill_in(page, label="Fishing")
    await send(page)
    await choose_first(page)
    await page.press("c")
    await fill_in(page, note="with Ada")
    await page.until(SAVED)
    assert await page.value(OPEN)
    await send(page)
    await page.until(f"!{OPEN}")
    assert [(each.action, each.note) for each in site.published] == [
        ("correct", ""),
        ("note", "with Ada"),
    ]


async def test_the_focus_stays_where_one_is_when_a_list_is_drawn_again(
    site: Site, page: Page, store: LogStore, growing: Callable[[], Records]
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value("document.querySelector('[data-key=right]').click()")
    undo = "document.querySelector('#corrections-list button')"
    await page.until(f"{undo} !== null")
    await page.value(f"window.first = {undo}; first.focus()")
    key = await page.value(FOCUSED)
    await put(store, growing())
    await page.until("!first.isConnected")
    assert await page.value(FOCUSED) == key
    # A button that is gone leaves it to the charts, from where its key works.
    await choose_first(page)
    await page.value("document.querySelector('.release').focus()")
    await page.press("Enter")
    await page.until("document.querySelector('.release') === null")
    assert await page.value(FOCUSED) == "rows"
    await page.value("document.querySelector('[data-span=week]').click()")
    await page.until("document.querySelectorAll('#days-list li').length === 7")
    await page.value("window.first = document.querySelector('#days-list li:nth-child(4) a')")
    await page.value("first.focus()")
    key = await page.value(FOCUSED)
    await put(store, growing())
    await page.until("!first.isConnected")
    assert await page.value(FOCUSED) == key != None  # noqa: E711


async def test_a_time_that_moves_is_written_to_the_address_when_it_rests(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await page.value(
        """window.written = 0;
           history.replaceState = new Proxy(history.replaceState, {
             apply: (write, it, given) => { written += 1; return write.apply(it, given); }}); 0"""
    )
    await choose_first(page)
    # Safari refuses the 101st within half a minute by an error.
    for _ in range(110):
        await page.press("ArrowRight")
    middle = (MORNING + 110 * 30 + 15) * 1000
    await page.until(f"location.search.endsWith('at={middle}')")
    assert await page.value("written") < 50


async def test_what_is_not_loaded_yet_is_not_called_missing(
    site: Site, page: Page, store: LogStore
) -> None:
    for back in (0, 1, 8):
        await put(store, day(start_s=MORNING - back * 86_400, plan=PLAN[:3], seed=back))
    await page.open(site.url)
    await page.until(DRAWN)
    await slow(page, 1000)
    await page.value("document.querySelector('#earlier').click()")
    assert await page.texts("#headline, #record h2") == ["Loading", "Loading"]
    assert await page.texts(".gaps text") == []
    await page.until("document.querySelector('#headline').textContent.startsWith('Mostly')")
    await page.until(DRAWN)
    await page.value("document.querySelector('[data-span=week]').click()")
    await page.until("document.querySelector('#headline').textContent.endsWith(' recorded')")
    await page.value("document.querySelector('#earlier').click()")
    assert await page.texts("#headline") == ["At least 0 s recorded"]
    await page.until("document.querySelector('#headline').textContent === '1 h 5 min recorded'")


async def test_a_day_of_a_month_is_shown_from_its_beginning(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(f"{site.url}?span=month", *PHONE)
    await page.until("document.querySelectorAll('#days-list li').length === 30")
    await page.tap(*await centre(page, "#days-list li:nth-child(20) a"))
    await page.until(DRAWN)
    assert await page.texts("#date") == ["Thursday, 20 November 2025"]
    assert await page.value("scrollY") == 0


async def test_a_login_that_expires_takes_nothing_that_is_being_written(
    site: Site, page: Page, records: Records
) -> None:
    await page.open(site.url)
    await page.until(DRAWN)
    await open_form(page)
    await fill_in(page, note="with Ada")
    await page.value(
        """window.fetch = async () => new Response('{"error": "a token"}', {status: 401}); 0"""
    )
    status = "document.querySelector('#status').textContent"
    await page.until(f"{status}.startsWith('The login has expired, log in on another tab')")
    await send(page)
    problem = "document.querySelector('#correct-problem').textContent"
    await page.until(f"{problem}.includes('login has expired')")
    assert await field(page, "note") == "with Ada"
    # Then the page is loaded anew, as without a form.
    await page.value("window.former = true")
    await cancel(page)
    await page.until("window.former === undefined")
