"""The form of a correction, as the tests open it, fill it in and send it off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.streams.web.site import choose_first

if TYPE_CHECKING:
    from tests.streams.web.browser import Page

OPEN = "document.querySelector('#correct').checkVisibility()"
SAVED = "document.querySelector('#saved').textContent.startsWith('Saved')"


async def open_form(page: Page) -> None:
    """Open the form of the chosen record by its button."""
    await page.value("document.querySelector('[data-key=correct]').click()")


async def open_first(page: Page) -> None:
    """Open the form of the log's first record, by keys."""
    await choose_first(page)
    await page.press("c")


async def fill_in(page: Page, **fields: str) -> None:
    """Write into fields of the open form: label, also, from, to, note, split, then."""
    written = json.dumps(fields)
    await page.value(
        f"for (const [name, value] of Object.entries({written}))"
        " document.querySelector(`#correct-${name}`).value = value"
    )


async def field(page: Page, name: str) -> str:
    """Return what stands in a field."""
    text: str = await page.value(f"document.querySelector('#correct-{name}').value")
    return text


async def send(page: Page, times: int = 1) -> None:
    """Send the form off, also several times before the answer."""
    await page.value(
        f"for (let n = 0; n < {times}; n += 1) document.querySelector('#correct').requestSubmit()"
    )


async def cancel(page: Page) -> None:
    """Close the form without saving it."""
    await page.value("document.querySelector('#correct-cancel').click()")


async def save(page: Page, **fields: str) -> None:
    """Open the form of the chosen record by key, fill it in, and wait until it is saved."""
    await page.value("document.querySelector('#rows').focus()")
    await page.press("c")
    await fill_in(page, **fields)
    await send(page)
    await page.until(SAVED)
