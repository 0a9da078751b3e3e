"""Notifications: rules and targets, senders, and the history in Redis."""
