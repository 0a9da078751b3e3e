"""Benchmarks: `python -m bench` compares the product with its bare networks and its peers."""

from schemas.extras import one_line_for_missing_extras

one_line_for_missing_extras()
