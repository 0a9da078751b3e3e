"""English expressions of time, as "yesterday between 8 and 10" or "since last Tuesday"."""
