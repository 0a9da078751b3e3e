"""LanHAR: activity recognition across data sets, with labels described in language."""
