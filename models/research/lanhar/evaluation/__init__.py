"""Evaluating LanHAR and its baselines across data sets.

A command, its runs, its tables and its page have a file each.
"""
