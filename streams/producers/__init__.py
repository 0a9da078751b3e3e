"""Producers: recordings replayed into the topics."""
