"""What faults cost: `python -m bench.faults` breaks a stream on real services, one way at a time.

A fault is a class that disturbs a running `Site`; its file is the part that it breaks. `trial` runs
one while a fleet sends, and compares the log with that of a calm run.
"""
