"""Mutated messages, texts and files for everything that reads what somebody else wrote."""
