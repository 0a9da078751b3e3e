"""Producers: recordings of any kind, opened and replayed into the topics.

The readers themselves are in `models.recordings`.
"""
