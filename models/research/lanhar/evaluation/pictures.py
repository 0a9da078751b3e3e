"""t-SNE pictures of two data sets' readings in one space (LanHAR §2.2, Fig. 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from schemas.extras import needs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_MAX_POINTS = 800
_MARKERS = ("o", "^")


def picture(
    path: Path,
    title: str,
    names: tuple[str, str],
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    labels: tuple[NDArray[np.str_], NDArray[np.str_]],
    drawn: Sequence[str],
    seed: int = 0,
) -> None:
    """Write a PNG: colour is the activity, shape the data set; at most 800 readings of each.

    Raises `MissingExtraError` where scikit-learn or matplotlib is missing.
    """
    with needs("matplotlib", "pictures need"):
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    with needs("sklearn", "pictures need"):
        from sklearn.manifold import TSNE

    rng = np.random.default_rng(seed)
    parts, owners, sides = [], [], []
    for side, (vectors, own) in enumerate(zip(values, labels, strict=True)):
        places = rng.permutation(np.flatnonzero(np.isin(own, list(drawn))))[:_MAX_POINTS]
        parts.append(vectors[places])
        owners.append(own[places])
        sides.append(np.full(len(places), side))
    owner, side_of = np.concatenate(owners), np.concatenate(sides)
    placed = TSNE(random_state=seed, init="pca").fit_transform(np.concatenate(parts))
    figure, axes = pyplot.subplots(figsize=(6, 5))
    for number, label in enumerate(drawn):
        for side, marker in enumerate(_MARKERS):
            chosen = (owner == label) & (side_of == side)
            axes.scatter(
                *placed[chosen].T, s=8, alpha=0.6, marker=marker, color=f"C{number}",
                label=f"{label}, {names[side]}",
            )  # fmt: skip
    axes.set_title(title)
    axes.set_axis_off()
    axes.legend(fontsize=6, markerscale=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    pyplot.close(figure)
