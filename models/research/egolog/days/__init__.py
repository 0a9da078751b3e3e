"""Composed stretches of days, rendered once and cached: the data that most steps train on."""
