"""Arrays that take long to make, kept in a folder of .npy files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def kept(
    folder: Path | None,
    names: Collection[str],
    make: Callable[[], Mapping[str, NDArray[Any]]],
) -> dict[str, NDArray[Any]]:
    """Return the arrays `names`, from `folder` where they were made before.

    A folder appears only once it is whole; None keeps nothing.
    """
    if folder is not None and folder.is_dir():
        return {name: np.load(folder / f"{name}.npy") for name in names}
    made = make()
    if folder is not None:
        partial = folder.with_name(f"{folder.name}.partial")
        partial.mkdir(parents=True, exist_ok=True)
        for name in names:
            np.save(partial / f"{name}.npy", made[name])
        partial.rename(folder)
    return {name: made[name] for name in names}
