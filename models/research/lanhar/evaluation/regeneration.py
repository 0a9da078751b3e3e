"""The effect of iterative re-generation on the distance between data sets (LanHAR §4.6.4, Fig. 15).

For each pair of data sets and each common activity: the relative divergence of the interpretations
of their readings, before and after re-generation. This uses the labels of both data sets, as it
evaluates texts, not recognition.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from models.research.lanhar.evaluation.ablations import regenerated
from models.research.lanhar.evaluation.divergence import relative_divergence
from models.research.lanhar.training.distil import word_encoder
from models.research.lanhar.training.transfer import interpret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.research.lanhar.interpretation.windows import Windows

Divergences = dict[str, dict[str, dict[str, float]]]

WITHOUT, WITH = "without", "with"


def regeneration(data_sets: Mapping[str, Windows], seed: int) -> Divergences:
    """Return pair to `without` and `with` re-generation to activity to relative divergence.

    Texts are compared by the encoder that judged them, as it is before training on readings.
    """
    text = word_encoder()
    vectors = {}
    for name, windows in data_sets.items():
        first = interpret(windows, seed, upright=False)
        both = {WITHOUT: first, WITH: regenerated(first, seed)}
        # The first variant of each text is the one that is said anew.
        vectors[name] = {
            how: text.encode([variants[0] for variants in interpreted.texts]).double().numpy()
            for how, interpreted in both.items()
        }
    figures: Divergences = {}
    for one, other in combinations(data_sets, 2):
        labels = [data_sets[name].label for name in (one, other)]
        shared = sorted(set(labels[0].tolist()) & set(labels[1].tolist()))
        figures[f"{one}, {other}"] = {
            how: relative_divergence(
                vectors[one][how], labels[0], vectors[other][how], labels[1], shared
            )
            for how in (WITHOUT, WITH)
        }
    return figures
