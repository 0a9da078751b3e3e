from __future__ import annotations

import numpy as np

from models.egolog.out_of_distribution import FAMILIAR
from models.research.evaluation.motion.familiarity import Familiarities, row


def test_a_row_says_what_is_unfamiliar_of_all_and_of_each_wearer() -> None:
    familiarity = np.array([FAMILIAR - 0.1, FAMILIAR + 0.1, FAMILIAR + 0.1, FAMILIAR + 0.2])
    found = Familiarities("waist", ["b", "b", "a", "a"], familiarity)
    assert row("hapt", found) == [
        "hapt (waist)", "2", "4", f"{FAMILIAR + 0.1:.2f}", "0.25", "0.25", "0.50",
    ]  # fmt: skip
