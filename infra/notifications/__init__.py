"""Whom to tell, how, and what was told: targets, senders and the history in Redis."""
