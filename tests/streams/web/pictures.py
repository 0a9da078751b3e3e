"""Comparing screenshots with references; `python -m tests.streams.web.pictures` renews these.

Pictures are compared by their brightness in blocks of about thirty pixels. Another font moves
letters within a block; a missing or moved row, column or chart changes whole blocks. Needs
Chromium.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from redis.asyncio import Redis

from infra.daily_log.store import LogStore
from infra.local.redis_embedded import EmbeddedRedis
from tests.people import serve_page
from tests.streams.synthetic_log import PLAN, day, put
from tests.streams.web.browser import Page, chromium, font_size, tab
from tests.streams.web.site import DRAWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("references")
# Name, width and height of the window, dark or light, the reader's font size.
SIZES = {
    "desktop": (1280, 900, False, 16),
    "phone": (390, 844, True, 16),
    "large-font": (1280, 900, False, 32),
}
BLOCK_PX = 30
# Largest mean difference of blocks, as a share of the range from black to white.
TOLERANCE = 0.02


def blocks_of(png: bytes) -> NDArray[np.float64]:
    """Return the brightness of a picture, 0 to 1, in blocks: (rows, columns)."""
    grey = Image.open(io.BytesIO(png)).convert("L")
    size = (max(1, grey.width // BLOCK_PX), max(1, grey.height // BLOCK_PX))
    return np.asarray(grey.resize(size, Image.Resampling.BOX), dtype=np.float64) / 255


def difference(shown: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Return the mean difference of two pictures' blocks, or 1 if their sizes differ."""
    if shown.shape != reference.shape:
        return 1.0
    return float(np.abs(shown - reference).mean())


def reference_of(name: str) -> NDArray[np.float64]:
    """Return the blocks of a reference, a picture with one pixel per block."""
    grey = Image.open(FOLDER / f"{name}.png").convert("L")
    return np.asarray(grey, dtype=np.float64) / 255


async def picture(page: Page) -> NDArray[np.float64]:
    """Return the blocks of a page's current screenshot."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        await page.screenshot(path)
        return blocks_of(path.read_bytes())


async def renew() -> None:
    """Renew the references."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, EmbeddedRedis(Path(folder)) as server:
        async with Redis.from_url(server.url) as client:
            store = LogStore(client, "pictures", retention_days=30)
            await put(store, day(plan=PLAN))
            async with serve_page(store) as url:
                for name, (width, height, dark, font) in SIZES.items():
                    with chromium(font_size(font)) as port:
                        async with tab(port) as page:
                            await page.open(url, width, height, dark=dark)
                            await page.until(DRAWN)
                            shown = np.rint(await picture(page) * 255).astype(np.uint8)
                            Image.fromarray(shown).save(FOLDER / f"{name}.png", optimize=True)
                            print(f"wrote {FOLDER / name}.png of {shown.shape} blocks")


if __name__ == "__main__":
    asyncio.run(renew())
