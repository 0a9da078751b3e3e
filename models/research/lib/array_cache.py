"""A cache of expensive arrays in a folder of .npy files."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray


def load_or_make(
    folder: Path | None,
    names: Collection[str],
    make: Callable[[], Mapping[str, NDArray[Any]]],
) -> dict[str, NDArray[Any]]:
    """Return the arrays `names`, from `folder` where they were made before.

    A folder appears only once it is whole, and of several processes that make it at the same time
    the first one's stays; None keeps nothing.
    """
    if folder is not None and folder.is_dir():
        return {name: np.load(folder / f"{name}.npy") for name in names}
    made = make()
    if folder is not None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f"{folder.name}.partial-", dir=folder.parent) as made_here:
            partial = Path(made_here) / "whole"
            partial.mkdir()
            for name in names:
                np.save(partial / f"{name}.npy", made[name])
            try:
                partial.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
    return {name: made[name] for name in names}
