"""Localization (EgoLog §4.2): its training seconds, its training, and its calibration for life."""
