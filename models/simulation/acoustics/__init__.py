"""Ears, microphone arrays, rooms, and the sounds that are made from nothing."""
