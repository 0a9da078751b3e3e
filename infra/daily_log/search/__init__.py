"""Searching a log, by fields or by words."""
