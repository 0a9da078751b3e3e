"""The daily log: its records, the store that keeps them, their search, correction and export.

The agent that writes it is `streams.log`; the page that shows it, `streams.web`.
"""
