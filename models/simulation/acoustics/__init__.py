"""Ears, microphone arrays, rooms, and synthesised sounds."""
