"""Consecutive composed days of the same wearers."""
