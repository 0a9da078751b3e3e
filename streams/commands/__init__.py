"""Faust commands on the app: `faust -A streams.app --help`.

Each parses its options and prints; logic that anything else needs is elsewhere.
"""
