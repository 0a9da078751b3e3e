"""One wearer's own adapter: a bias on each scenario's logit, learned from refined windows.

Some of a shared network's mistakes are particular to one person: somebody who cooks by the radio
all day is taken for somebody who watches television. Beside fine-tuning (EgoLog §4.4.2), which
teaches the network what is new to everybody, each wearer may keep sixteen numbers that shift the
scenarios' odds.

They are the intercepts of a logistic regression with everything else given: each refined window is
a Newton step of the Laplace approximation, with a diagonal precision that starts as the prior's and
is bounded, so that a habit that ends is forgotten.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PRIOR = 2.0
"""Precision before anything is known: biases of about 0.7, a factor of two in the odds."""

PRECISION_MAX = 20.0
"""About a hundred windows in doubt; what is older fades."""

LIMIT = 2.0
"""Largest bias either way, a factor of seven in the odds: whoever refines may be wrong for long."""

# An answer may come again after a crash, but not much later.
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
        """Return the adapter that has also seen one refined window.

        `scenarios` are the probabilities that were refined, this adapter's bias included. A window
        that was seen lately changes nothing, and neither does an answer with an unknown scenario.
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
        """Return what `restore` reads."""
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
        """Return what `snapshot` kept, None if it cannot be used."""
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
