"""Driving Chromium by its DevTools protocol: open a page, press keys, move the pointer, inspect."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # Tabs of tests one after another share a renderer, whose start costs as much as a page.
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Virtual key codes and text of keys with a default action in the browser.
BROWSER_KEYS = {"Tab": (9, ""), "Enter": (13, "\r")}
MAX_TABS = 80
START_TIMEOUT_S = 120.0
# A page that is only half there has its controls without their sizes.
STYLED = "[...document.querySelectorAll('link[rel=stylesheet]')].every((each) => each.sheet)"


def binary() -> str:
    """Return Chromium's path; skips the test without one, or fails it if CI=true."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    message = "chromium is not installed (Debian: apt-get install chromium)"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def font_size(px: int) -> str:
    """Return the flag for a reader who set this font size; 16 is what Chromium comes with."""
    return f"--blink-settings=defaultFontSize={px}"


class Page:
    """One tab; `complaints` are the errors that the page logged or threw."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.complaints: list[str] = []

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Run one DevTools method and return its result."""
        ident = next(self._ids)
        await self._socket.send_json({"id": ident, "method": method, "params": params})
        async with asyncio.timeout(60):
            async for message in self._socket:
                answer = json.loads(message.data)
                self._note(answer)
                if answer.get("id") == ident:
                    assert "error" not in answer, f"{method}: {answer['error']}"
                    return dict(answer["result"])
        raise AssertionError(f"the browser closed during {method}")

    async def open(
        self, url: str, width: int = 1280, height: int = 900, dark: bool = False
    ) -> Self:
        """Open an address in a window of this size; below 600 px as a phone with touch."""
        await self.call("Runtime.enable")
        await self.call("Log.enable")
        await self._size(width, height)
        await self.call("Emulation.setTimezoneOverride", timezoneId="UTC")
        await self.colours(dark)
        await self.call("Page.navigate", url=url)
        return self

    async def resize(self, width: int, height: int) -> None:
        """Give the open page a window of another size, and wait until it is drawn for it."""
        await self._size(width, height)
        await self.painted()

    async def painted(self) -> None:
        """Wait until the page is painted as it is now."""
        # Observers of sizes run before a frame is painted, so what they draw is there in the next.
        await self.call(
            "Runtime.evaluate",
            expression="new Promise((d) => requestAnimationFrame(() => requestAnimationFrame(d)))",
            awaitPromise=True,
        )

    async def colours(self, dark: bool) -> None:
        """Set whether the reader prefers dark pages."""
        scheme = "dark" if dark else "light"
        await self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    async def value(self, expression: str) -> Any:
        """Evaluate JavaScript in the page."""
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, expression: str, timeout_s: float = 60.0) -> Any:
        """Wait for an expression to be true; fails with the page's content.

        An expression that throws counts as false, because the page may be incomplete, and so does
        any before the page's styles are there.
        """
        both = f"{STYLED} && ({expression})"
        guarded = f"(() => {{ try {{ return {both}; }} catch {{ return false; }} }})()"
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := await self.value(guarded)):
                    await asyncio.sleep(0.05)
                return found
        except TimeoutError:
            shown = await self.value("document.body?.innerText.slice(0, 600)")
            pytest.fail(f"never true: {expression}\n{self.complaints}\n{shown}")

    async def texts(self, selector: str) -> list[str]:
        """Return the text of every element that matches."""
        quoted = json.dumps(selector)
        found = await self.value(
            f"[...document.querySelectorAll({quoted})].map((e) => e.textContent.trim())"
        )
        return list(found)

    async def press(self, key: str) -> None:
        """Press and release a key; Tab and Enter have their default actions."""
        code, text = BROWSER_KEYS.get(key, (0, ""))
        more: dict[str, Any] = {"windowsVirtualKeyCode": code} if code else {}
        for kind in ("keyDown", "keyUp"):
            said = {"text": text} if text and kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, **more, **said)

    async def tab_to(self, selector: str) -> None:
        """Press Tab until the first match has the focus; fails if it never does."""
        there = f"document.activeElement === document.querySelector({json.dumps(selector)})"
        for _ in range(MAX_TABS):
            if await self.value(there):
                return
            await self.press("Tab")
        pytest.fail(f"{selector} is not reached by {MAX_TABS} times Tab")

    async def write(self, text: str) -> None:
        """Replace the content of the focused field by a text."""
        await self.call(
            "Input.dispatchKeyEvent",
            type="rawKeyDown",
            key="a",
            modifiers=2,
            commands=["selectAll"],
        )
        await self.call("Input.insertText", text=text)

    async def pointer(self, kind: str, x: float, y: float, buttons: int = 0) -> None:
        """Send mouseMoved, mousePressed or mouseReleased."""
        await self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="none" if kind == "mouseMoved" and not buttons else "left",
            buttons=buttons,
            clickCount=0 if kind == "mouseMoved" else 1,
        )

    async def click(self, x: float, y: float) -> None:
        """Move the mouse to a place and click it."""
        for kind, buttons in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)):
            await self.pointer(kind, x, y, buttons)

    async def tap(self, x: float, y: float) -> None:
        """Tap a point."""
        await self.call(
            "Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}]
        )
        await self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def swipe(self, x1: float, y1: float, x2: float, y2: float, steps: int = 10) -> None:
        """Swipe from the first point to the second."""
        for step in range(steps + 1):
            share = step / steps
            point = {"x": x1 + share * (x2 - x1), "y": y1 + share * (y2 - y1)}
            kind = "touchMove" if step else "touchStart"
            await self.call("Input.dispatchTouchEvent", type=kind, touchPoints=[point])
        await self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def screenshot(self, path: Path, whole: bool = False) -> None:
        """Write a PNG of the window, or of the whole page."""
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    async def _size(self, width: int, height: int) -> None:
        phone = width < 600
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )
        await self.call("Emulation.setTouchEmulationEnabled", enabled=phone)

    def _note(self, answer: dict[str, Any]) -> None:
        params = answer.get("params", {})
        if answer.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"].get("exception", params)))
        if answer.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])


@contextmanager
def chromium(*flags: str) -> Iterator[int]:
    """Start Chromium with an empty profile and give its DevTools port; ends it and its children."""
    profile = Path(tempfile.mkdtemp(prefix="chromium-"))
    process = subprocess.Popen(
        [
            binary(),
            *FLAGS,
            *flags,
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _port(profile / "DevToolsActivePort")
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(profile, ignore_errors=True)


@asynccontextmanager
async def tab(port: int) -> AsyncIterator[Page]:
    """Give a new tab, and close it at the end."""
    devtools = f"http://127.0.0.1:{port}/json"
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{devtools}/new?about:blank") as answer:
            made = await answer.json()
        async with session.ws_connect(made["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            yield Page(socket)
        await session.get(f"{devtools}/close/{made['id']}")


def _port(file: Path) -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < deadline, f"chromium did not start in {START_TIMEOUT_S:.0f} s"
        time.sleep(0.05)
    return int(file.read_text().splitlines()[0])
