"""What the page's layout is judged by, in JavaScript."""

from __future__ import annotations

from tests.streams.web.site import DRAWN

OUTSIDE = """[...document.querySelectorAll('main *, header *')].filter((node) => {
    const box = node.getBoundingClientRect();
    return box.width > 1 && (box.left < -1 || box.right > innerWidth + 1);
  }).map((node) => node.tagName + '.' + node.getAttribute('class'))"""
DURATIONS_ON_TWO_LINES = """[...document.querySelectorAll('.bar-time')]
  .filter((node) => node.offsetHeight > 1.9 * parseFloat(getComputedStyle(node).fontSize))
  .map((node) => node.textContent)"""
# Each page, and what is true once it is drawn.
PAGES = {
    "": DRAWN,
    "?span=week": "document.querySelectorAll('#days-list li').length === 7",
    "?span=month": "document.querySelectorAll('#days-list li').length >= 28",
    "sensor": "document.querySelector('#start').checkVisibility()",
    "settings": "document.querySelector('#save').checkVisibility()",
}
TEXTS_THAT_OVERLAP = """(() => {
  const shown = [...document.querySelectorAll('svg text, .bar-name, .bar-share, .bar-time, h1, h2, '
      + '#date, #detail, #status, .range button, #legend button, .foot p')]
    .filter((node) => !node.closest('#record') && node.checkVisibility()
      && node.textContent.trim());
  const boxes = shown.map((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  });
  const pairs = [];
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b, j) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && tall > 2) {
      pairs.push([shown[i].textContent, shown[i + 1 + j].textContent]);
    }
  }));
  return pairs;
})()"""
