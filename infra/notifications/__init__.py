"""Notifications: rules and targets, senders, and the history in Redis.

Whether a rule holds is decided in `operators.notifying`.
"""
