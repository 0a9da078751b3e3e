"""The shared space of motion and text (LanHAR §3.4)."""

FEATURES = 128
"""Width of its unit vectors."""
TEMPERATURE = 0.1
"""Temperature of similarities, the same in training and for probabilities."""
