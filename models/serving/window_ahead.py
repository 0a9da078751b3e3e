"""What of a scenario window can be computed before it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class WindowAhead:
    """Sound and motion of an open window that its estimate will certainly need.

    `sound` (50·n, 64) are seconds to encode; each segment of `loudest` (T, 64) will be tagged.
    `motion` (S, T, 6) is a whole block of segments (`models.serving.segment_motion`), if one is
    complete.
    """

    sound: NDArray[Any] | None = None
    loudest: Sequence[NDArray[Any]] = ()
    motion: NDArray[Any] | None = None
