"""The commands in the documentation's fenced blocks, and values for their placeholders."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Order of runs: the tutorial starts the worker that other pages use, and the page that erases its
# device comes last.
FIRST, LAST = "docs/tutorial.md", "docs/how-to/devices.md"
REFERENCE = "docs/reference/"
_FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:faust -A streams\.app|make|python -m) [^`\n]+)`")

# Commands that a test cannot run, and what covers them instead; `*` matches any ending.
CANNOT = {
    "make test": "runs the tests, this one too; it is what CI runs",
    "make mutation*": "takes minutes to hours",
    ".venv/mutation/bin/mutmut*": "needs what `make mutation` leaves",
    "mkcert*": "changes the machine's trusted certificates",
    "caddy*": "is no program that the tests install",
    "kubectl create*": "needs a cluster",
    "kubectl delete*": "needs a cluster",
    "kubectl apply*": "needs a cluster; tests/infra/deploy holds what is applied",
    "ffmpeg*": "needs a film of Ego4D",
    "pip install*": "would change the environment that the tests run in",
    "faust -A streams.app topics --acls --apply": (
        "needs a broker with an authorizer; tests/pipeline/test_secure_services.py has one"
    ),
    "faust -A streams.app notifications test phone": (
        "would tell a public server; tests/infra/notifications has one of its own"
    ),
    "faust -A streams.app log ask*": (
        "needs a language model; tests/streams/web/test_questions.py has one that is scripted"
    ),
    "faust -A streams.app models rollback": (
        "needs a revision that was accepted; tests/pipeline/test_revisions.py makes one"
    ),
    "faust -A streams.app replay ego4d*": "needs Ego4D; tests/models/recordings/datasets has files",
    "faust -A streams.app replay egoadl*": "needs EgoADL, likewise",
    "faust -A streams.app replay samosa*": "needs SAMoSA, likewise",
    "faust -A streams.app replay self-collected*": "needs recordings of that layout, likewise",
    "python -m models.research.papers --ego4d*": "needs the paper's data sets",
}
# Commands that run until stopped, and the output that shows that they are ready.
LASTING = {
    "faust -A streams.app worker": "ready; the page:",
    "faust -A streams.app finetune": "stop with Ctrl-C",
    "make demo": "Stop with Ctrl-C.",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its position, language, the file named in its title, and text."""

    page: str
    line: int
    language: str
    title: str
    text: str


@dataclass(frozen=True)
class Command:
    """One command: its position, and its text without the comment."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def pages() -> list[str]:
    """Return the hand-written pages, relative to the repository's root, in the order of runs."""
    written = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "models/weights/MODEL_CARD.md",
        *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
    ]
    middle = [p for p in written if p not in (FIRST, LAST) and not p.startswith(REFERENCE)]
    return [FIRST, *middle, LAST]


def blocks(page: str) -> list[Block]:
    """Return a page's fenced blocks, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2] or "", match[3])
        for match in _FENCE.finditer(text)
    ]


def commands(page: str) -> list[Command]:
    """Return the commands of a page's shell blocks, one a line, in order."""
    return [
        Command(page, block.line + 1 + number, text)
        for block in blocks(page)
        if block.language == "sh"
        for number, line in enumerate(block.text.splitlines())
        if (text := _without_comment(line))
    ]


def inline(page: str) -> list[str]:
    """Return our own commands in a page's inline code, with their options."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [match[1] for match in _INLINE.finditer(text)]


def cannot(command: str) -> str | None:
    """Return why a command cannot be run by a test, or None if it can."""
    for pattern, reason in CANNOT.items():
        if (pattern.endswith("*") and command.startswith(pattern[:-1])) or command == pattern:
            return reason
    return None


def assignment(command: str) -> tuple[str, str] | None:
    """Return the name and value of `export NAME=VALUE`, or None for any other command."""
    words = shlex.split(command)
    if words[0] != "export":
        return None
    [(name, _, value)] = [word.partition("=") for word in words[1:]]
    return name, value


def _without_comment(line: str) -> str:
    # A comment stands apart; a recording may be `ego4d:DIR#VIDEO_UID`.
    return re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
