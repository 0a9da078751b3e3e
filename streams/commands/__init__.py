"""Faust commands on the app: `faust -A streams.app --help`."""
