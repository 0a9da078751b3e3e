"""Measures trained networks on what they have never seen."""
