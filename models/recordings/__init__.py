"""Recordings, real or simulated, read lazily with event times and ground truth."""
