"""The space that motion and texts share (LanHAR §3.4)."""

FEATURES = 128
"""Width of its unit vectors."""
