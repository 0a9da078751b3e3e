"""Recordings, real or simulated, read lazily with event times and ground truth.

Simulated and composed days are in `models.simulation`.
"""
