"""Draw the packages and their imports as docs/packages.svg: `python -m tests.draw_packages`."""

from __future__ import annotations

from html import escape

from tests.package_graph import ROOT, Graph, levels, package_imports, transitive_reduction

DRAWING = ROOT / "docs" / "packages.svg"
COLOURS = {
    "streams": "#dbeafe",
    "models": "#dcfce7",
    "operators": "#fef3c7",
    "infra": "#fce7f3",
    "schemas": "#e5e7eb",
}
_CHAR, _PAD, _HEIGHT, _GAP, _ROW = 7.0, 12, 30, 16, 92
_MARGIN = 24


def draw(graph: Graph) -> str:
    """Return the graph as SVG: a package above all its imports, without implied arrows."""
    level = levels(graph)
    highest = max(level.values())
    rows = {at: sorted(name for name in level if level[name] == at) for at in range(highest, 0, -1)}
    widths = {name: len(name) * _CHAR + 2 * _PAD for name in level}
    row_widths = {
        at: sum(widths[name] + _GAP for name in names) - _GAP for at, names in rows.items()
    }
    width = max(row_widths.values()) + 2 * _MARGIN
    boxes: dict[str, tuple[float, float]] = {}
    for at, names in rows.items():
        x = (width - row_widths[at]) / 2
        for name in names:
            boxes[name] = (x, _MARGIN + (highest - at) * _ROW)
            x += widths[name] + _GAP
    height = 2 * _MARGIN + (highest - 1) * _ROW + _HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        'font-family="sans-serif" font-size="12">',
        "<title>The packages and what they import</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#6b7280"/></marker></defs>',
    ]
    arrows = transitive_reduction(graph)
    for name in sorted(arrows):
        for target in sorted(arrows[name]):
            x1, y1 = boxes[name][0] + widths[name] / 2, boxes[name][1] + _HEIGHT
            x2, y2 = boxes[target][0] + widths[target] / 2, boxes[target][1]
            middle = (y2 - y1) / 2
            parts.append(
                f'<path d="M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + middle:.0f} '
                f'{x2:.0f} {y2 - middle:.0f} {x2:.0f} {y2:.0f}" fill="none" stroke="#6b7280" '
                f'marker-end="url(#tip)"><title>{escape(f"{name} → {target}")}</title></path>'
            )
    for name, (x, y) in sorted(boxes.items()):
        colour = COLOURS[name.partition(".")[0]]
        parts += [
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{widths[name]:.0f}" height="{_HEIGHT}" rx="5" '
            f'fill="{colour}" stroke="#9ca3af"/>',
            f'<text x="{x + widths[name] / 2:.0f}" y="{y + _HEIGHT / 2 + 4:.0f}" '
            f'text-anchor="middle">{escape(name)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write the drawing."""
    DRAWING.write_text(draw(package_imports()), encoding="utf-8")
    print(f"wrote {DRAWING}")


if __name__ == "__main__":
    main()
