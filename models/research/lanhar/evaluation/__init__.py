"""LanHAR between data sets, beside its baselines."""
