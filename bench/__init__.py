"""Benchmarks: `python -m bench` measures the product beside what it is made of and its peers."""

from schemas.extras import one_line_for_missing_extras

one_line_for_missing_extras()
