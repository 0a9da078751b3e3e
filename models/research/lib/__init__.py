"""Shared code of training and evaluation."""
