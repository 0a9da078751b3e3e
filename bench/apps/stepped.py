"""The product with a wall clock that steps: `faust -A bench.apps.stepped worker`."""

from __future__ import annotations

from bench.apps.product import app
from bench.subjects.stepped_clock import SteppedClock
from infra import clock

__all__ = ["app"]

clock.read_from(SteppedClock(app.settings.run_dir.parent).now_ns)
