"""A network of localization with another distance head, or none."""

from __future__ import annotations

from dataclasses import replace

from models.egolog.localization import Localization


def with_new_head(network: Localization, hidden: int | None) -> Localization:
    """Return `network`, not calibrated, with a new distance head that adds nothing yet.

    Args:
        network: any; it stays as it is.
        hidden: hidden units of the head; None for no head.
    """
    made = Localization(replace(network.config, distance_hidden=hidden))
    kept = {k: v for k, v in network.state_dict().items() if not k.startswith("distance.")}
    made.load_state_dict(kept, strict=False)
    made.temper.fill_(1.0)
    made.offset.fill_(0.0)
    return made.eval().requires_grad_(False)
