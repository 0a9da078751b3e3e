"""Writes docs/RESULTS.md from the figures of several seeds: `page`, and its sections."""
