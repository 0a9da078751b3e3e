"""Draw docs/figures/page.png, the page on a made-up day: `python -m tests.docs.picture`.

Needs Chromium. Reduced to 256 colours, to keep the repository small.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from PIL import Image
from redis.asyncio import Redis

from infra.daily_log.store import LogStore
from infra.local.redis_embedded import EmbeddedRedis
from tests.people import serve_page
from tests.streams.synthetic_log import day, put
from tests.streams.web.browser import chromium, tab
from tests.streams.web.site import DRAWN

PICTURE = Path(__file__).parents[2] / "docs" / "figures" / "page.png"
WIDTH, HEIGHT = 1280, 800
MAX_BYTES = 150_000


async def draw(path: Path) -> None:
    """Write the picture of the page."""
    with tempfile.TemporaryDirectory(prefix="egolog-picture-") as folder:
        shot = Path(folder) / "page.png"
        with EmbeddedRedis(Path(folder) / "redis") as server:
            async with Redis.from_url(server.url) as client:
                store = LogStore(client, "picture", retention_days=30)
                await put(store, day())
                async with serve_page(store) as url:
                    with chromium() as port:
                        async with tab(port) as page:
                            await page.open(url, WIDTH, HEIGHT)
                            await page.until(DRAWN, 300)
                            await page.until("document.querySelector('#record').innerText.length")
                            await page.screenshot(shot)
        few = Image.open(shot).convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


if __name__ == "__main__":
    asyncio.run(draw(PICTURE))
    print(f"wrote {PICTURE} ({PICTURE.stat().st_size} bytes)")
