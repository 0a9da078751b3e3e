"""Posture by the angle of the thigh whose pocket a device is in (LanHAR §3.3.2).

The sensor encoder is told the angle at any position, where it mostly means little. A thigh is
upright while its wearer stands and level on a chair, so at a thigh a level one contradicts standing
and an upright one sitting. Labels of hands stay as they are, because people eat and type in both
postures. A device that was put back upside down is as telling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from schemas.position import Place

LEVEL_COSINE = 0.6
"""Largest cosine to upright at which a wearer does not stand."""
UPRIGHT_COSINE = 0.85
"""Least cosine to upright at which a wearer does not sit."""
CONTRADICTED = 2.0
"""What a contradicted posture loses, in logits."""


def posture_logits(
    names: Sequence[str], position: Place | None, cosine: float | None
) -> NDArray[np.float64]:
    """Return what is added to the logits of labels `names` (K,) for a thigh's angle.

    `cosine` is `models.lanhar.upright.Upright.cosine` of the window, None if unknown. It is zero
    but in a pocket.
    """
    added = np.zeros(len(names))
    if position != "pocket" or cosine is None:
        return added
    for place, name in enumerate(names):
        if (name == "standing" and abs(cosine) < LEVEL_COSINE) or (
            name == "sitting" and abs(cosine) > UPRIGHT_COSINE
        ):
            added[place] = -CONTRADICTED
    return added
