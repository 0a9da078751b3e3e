"""Headings of the sections of docs/PERFORMANCE.md that have commands of their own."""

from __future__ import annotations

GPU = "## On a GPU"
"""Written by `bench.gpu`, on a machine that has one."""
