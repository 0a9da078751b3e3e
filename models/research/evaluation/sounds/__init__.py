"""Evaluation on real clips of speech and of sounds at home and in the street."""
