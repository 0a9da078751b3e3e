"""Readings of motion in language, by templates and by a language model (LanHAR §3.2)."""
