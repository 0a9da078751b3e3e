"""Accessibility checks of a page by axe-core."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.streams.web.browser import Page

_RUN = """axe.run(document, {resultTypes: ['violations']}).then((told) => JSON.stringify(
  told.violations.map(({id, nodes}) => `${id}: ${nodes[0].html.slice(0, 120)}`)))"""


def axe_file() -> Path:
    """Return the axe.min.js of the package axe-core."""
    return Path(str(files("axe_core_python") / "axe.min.js"))


async def complaints_of(page: Page, axe: Path) -> list[str]:
    """Return each violated rule, with the first element that violates it."""
    await page.value(axe.read_text() + ";0")
    done = await page.call(
        "Runtime.evaluate", expression=_RUN, awaitPromise=True, returnByValue=True
    )
    return [str(each) for each in json.loads(done["result"]["value"])]
