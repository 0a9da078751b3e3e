"""LanHAR as it serves: activity recognition across data sets, with labels described in language.

How it is trained and measured is in `models.research.lanhar`.
"""
