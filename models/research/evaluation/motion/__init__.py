"""Evaluation on real users' motion alone."""
