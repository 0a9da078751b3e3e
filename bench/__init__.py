"""Benchmarks: `python -m bench.pipeline`."""

from schemas.extras import one_line_for_missing_extras

one_line_for_missing_extras()
