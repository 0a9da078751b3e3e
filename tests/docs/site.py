"""MkDocs hooks (mkdocs.yml): pages from outside docs/, and links to files of the repository.

README is the first page, and contributors' documents in the root are pages as well, without copies.
A link to a file that is not a page, such as a source file, is replaced by the file's name.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# Pages by what is in them, from the repository's root.
ELSEWHERE = {
    "index.md": "README.md",
    "ARCHITECTURE.md": "ARCHITECTURE.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "MODEL_CARD.md": "models/weights/MODEL_CARD.md",
    "LICENSE.md": "LICENSE",
    "figures/icon.svg": "streams/web/static/icon.svg",
}
_LINK = re.compile(r"(!?)\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/."""
    for uri, source in ELSEWHERE.items():
        files.append(File.generated(config, uri, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links to files of the repository."""
    uri = page.file.src_uri
    source = ELSEWHERE.get(uri, f"docs/{uri}")
    if uri == "LICENSE.md":
        return f"# Licence\n\n```text\n{markdown}\n```"
    return rewrite_links(markdown, source, uri, {file.src_uri for file in files})


def rewrite_links(markdown: str, source: str, uri: str, known: set[str]) -> str:
    """Return a page's text with its links as the site has them.

    source: where the text is in the repository. uri: where its page is in the site. known: the
    site's files.
    """
    pages = {where: name for name, where in ELSEWHERE.items()}

    def link(match: re.Match[str]) -> str:
        picture, text, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path or "://" in target or target.startswith("mailto:"):
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        there = pages.get(file, file.removeprefix("docs/"))
        if there not in known or (there == file and file not in pages):
            return text if "`" in text else f"`{text}`"
        relative = posixpath.relpath(there, posixpath.dirname(uri) or ".")
        return f"{picture}[{text}]({relative}{'#' + anchor if anchor else ''})"

    blocks = _BLOCK.split(markdown)
    blocks[::2] = [_LINK.sub(link, block) for block in blocks[::2]]
    return "".join(blocks)
