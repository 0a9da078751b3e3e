"""One wearer's own adapter: a bias on each scenario's logit, learned from refined windows.

Some of a shared network's mistakes are specific to one person: somebody who cooks with the radio on
all day is recognised as watching television. In addition to fine-tuning (EgoLog §4.4.2), which
adapts the network for everybody, each wearer may have sixteen numbers that shift the scenarios'
odds.

They are the intercepts of a logistic regression with everything else fixed: each refined window is
a Newton step of the Laplace approximation, with a diagonal precision that starts as the prior's and
is bounded, so that old habits are forgotten.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PRIOR = 2.0
"""Precision of the prior: biases of about 0.7, a factor of two in the odds."""

PRECISION_MAX = 20.0
"""Bound on the precision, about a hundred uncertain windows; older ones fade."""

LIMIT = 2.0
"""Largest absolute bias, a factor of seven in the odds, since refiners can be wrong for long."""

# An answer may be repeated after a crash, but not much later.
_REMEMBERED = 32
_VERSION = 1


@dataclass(frozen=True)
class Wearer:
    """The adapter of one device for one scenario network.

    `bias` and `precision` are by scenario, `windows` counts what they were learned from.
    """

    network: str
    bias: Mapping[str, float] = field(default_factory=dict)
    precision: Mapping[str, float] = field(default_factory=dict)
    windows: int = 0
    recent: tuple[str, ...] = ()

    def push(
        self, window_id: str, scenarios: Mapping[str, float], refined: Sequence[str]
    ) -> Wearer:
        """Return the adapter updated by one refined window.

        `scenarios` are the probabilities that were refined, including this adapter's bias. A window
        that was seen recently is ignored, and so is an answer with an unknown scenario.
        """
        if window_id in self.recent or not refined or not set(refined) <= set(scenarios):
            return self
        bias, precision = dict(self.bias), dict(self.precision)
        for name, probability in sorted(scenarios.items()):
            curvature = probability * (1.0 - probability)
            certain = min(PRECISION_MAX, precision.get(name, PRIOR) + curvature)
            step = ((name in refined) - probability) / certain
            bias[name] = min(LIMIT, max(-LIMIT, bias.get(name, 0.0) + step))
            precision[name] = certain
        recent = (*self.recent, window_id)[-_REMEMBERED:]
        return Wearer(self.network, bias, precision, self.windows + 1, recent)

    def snapshot(self) -> bytes:
        """Return the state for `restore`."""
        return json.dumps(
            {
                "version": _VERSION,
                "network": self.network,
                "bias": dict(self.bias),
                "precision": dict(self.precision),
                "windows": self.windows,
                "recent": self.recent,
            }
        ).encode()

    @classmethod
    def restore(cls, value: bytes) -> Wearer | None:
        """Return the adapter of a `snapshot`, None if it cannot be used."""
        try:
            fields = json.loads(value)
            if fields["version"] != _VERSION:
                return None
            bias = {str(name): float(number) for name, number in fields["bias"].items()}
            precision = {str(name): float(number) for name, number in fields["precision"].items()}
            recent = tuple(str(window) for window in fields["recent"])
            wearer = cls(str(fields["network"]), bias, precision, int(fields["windows"]), recent)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        fits = all(abs(number) <= LIMIT for number in bias.values()) and all(
            isfinite(number) and number > 0 for number in precision.values()
        )
        return wearer if fits else None
