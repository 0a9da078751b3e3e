from __future__ import annotations

from xml.etree import ElementTree

from tests.draw_packages import DRAWING, draw
from tests.package_graph import ROOT, package_imports, transitive_reduction


def test_the_drawing_in_the_architecture_is_what_the_code_has() -> None:
    drawn = DRAWING.read_text(encoding="utf-8")
    assert drawn == draw(package_imports()), "draw it anew: python -m tests.draw_packages"
    assert f"(docs/{DRAWING.name})" in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_package_and_every_needed_arrow_is_drawn_once() -> None:
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}
    coloured = {
        f"streams.{name}": {f"streams.{t}" for t in targets} for name, targets in graph.items()
    }
    root = ElementTree.fromstring(draw(coloured))
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    titles = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")][1:]
    assert sorted(map(str, texts)) == sorted(coloured)
    assert titles == ["streams.a → streams.b", "streams.b → streams.c"]
    assert transitive_reduction(coloured)["streams.a"] == {"streams.b"}
