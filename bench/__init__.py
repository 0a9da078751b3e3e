"""Benchmarks: `python -m bench.pipeline`."""
