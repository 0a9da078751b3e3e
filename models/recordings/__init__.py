"""Recordings: what was recorded or simulated, read lazily with event times and truth."""
