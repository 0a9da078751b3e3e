from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("mkdocs", reason="the extra `docs` is not installed")

from tests.docs.site import ROOT, rewrite_links

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {"index.md", "SECURITY.md", "KAFKA.md", "how-to/tls.md", "figures/page.png"}


@pytest.mark.parametrize(
    ("text", "source", "uri", "expected"),
    [
        ("[a](docs/KAFKA.md#redis)", "README.md", "index.md", "[a](KAFKA.md#redis)"),
        ("[a](../KAFKA.md)", "docs/how-to/tls.md", "how-to/tls.md", "[a](../KAFKA.md)"),
        ("[a](../SECURITY.md)", "docs/KAFKA.md", "KAFKA.md", "[a](SECURITY.md)"),
        ("![a](docs/figures/page.png)", "README.md", "index.md", "![a](figures/page.png)"),
        ("[a.py](../infra/a.py)", "docs/KAFKA.md", "KAFKA.md", "`a.py`"),
        ("[a](https://a.b/c)", "README.md", "index.md", "[a](https://a.b/c)"),
        (
            "```\n[a](../infra/a.py)\n```",
            "docs/KAFKA.md",
            "KAFKA.md",
            "```\n[a](../infra/a.py)\n```",
        ),
    ],
)
def test_a_link_leads_where_its_file_is_in_the_site(
    text: str, source: str, uri: str, expected: str
) -> None:
    assert rewrite_links(text, source, uri, KNOWN) == expected


def test_the_site_is_built_without_a_warning_and_asks_no_other_site(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", tmp_path / "site"],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    first = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert 'href="how-to/tls.html"' in first
    assert '<script src="http' not in first
    assert 'rel="stylesheet" href="http' not in first
