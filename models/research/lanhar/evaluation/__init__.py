"""Evaluating LanHAR and its baselines across data sets."""
