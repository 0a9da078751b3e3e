"""The page on a port, as the tests that drive it in Chromium serve and read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from schemas import Refined
from streams.web.access import Access
from streams.web.routes import PageSources, install

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore
    from schemas import Correction, Frame, Scenario
    from tests.streams.web.browser import Page


PHONE = (390, 844)
WHOLE = "document.querySelector('#record').dataset.state === 'whole'"
# A slow worker answers a day by parts, and the record's evidence after it.
DRAWN = (
    "document.querySelectorAll('#bars li').length > 0 && "
    f"document.querySelector('#day').dataset.complete === 'true' && {WHOLE}"
)
VISIBLE_TEXT = """(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.checkVisibility({ contentVisibilityAuto: true })) {
      texts.push(walker.currentNode.data);
    }
  }
  return texts.join('');
})()"""


class Site:
    """The page on a port of its own, which a test can take away and bring back."""

    def __init__(self, store: LogStore | None, access: Access | None = None) -> None:
        self.store = store
        self._access = access or Access()
        self.published: list[Correction] = []
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        application = web.Application()
        sources = PageSources(
            lambda: self.store,
            access=self._access,
            publish=self.publish,
            publish_frame=self.take_frame,
        )
        install(application, sources)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def publish(self, correction: Correction) -> None:
        self.published.append(correction)

    async def take_frame(self, topic: str, frame: Frame) -> None:
        """Take a phone's frame; without this the sensor's page logs that its socket is refused."""

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


def refined_by(record: Scenario, scenario: str, **changed: str) -> Refined:
    """Return an answer to `record`."""
    return Refined(
        device_id=record.device_id,
        window_id=record.window_id,
        session_id=record.session_id,
        start_ns=record.start_ns,
        end_ns=record.end_ns,
        scenarios=[scenario],
        preliminary=scenario,
        confidence=record.confidence,
        latency_ms=0.0,
        tokens=0,
        **{"revision": "table", **changed},
    )


async def headings(page: Page) -> list[str]:
    """Return the texts of the first-level headings that are to be seen."""
    texts: list[str] = await page.value(
        """[...document.querySelectorAll('h1')].filter((title) => title.checkVisibility())
             .map((title) => title.textContent)"""
    )
    return texts


async def choose_first(page: Page) -> None:
    """Choose the first record of the view, by keys."""
    await page.value("document.querySelector('#rows').focus()")
    await page.press("Home")
