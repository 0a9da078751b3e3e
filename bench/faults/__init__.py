"""Fault injection: `python -m bench.faults` breaks a stream on real services, one fault at a time.

A fault is a class that disturbs a running `Site`; files are named after the part that is broken.
`trial` runs a fault while a fleet sends, and compares the log with that of a calm run.
"""
