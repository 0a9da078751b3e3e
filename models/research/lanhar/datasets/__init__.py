"""Data sets in their authors' layouts, read into `Windows`.

Every reader has `read(root) -> (Windows, SetReport)`: 6 s at 20 Hz, m/s² and rad/s, with gravity as
measured by a sensor at rest (upwards). The report counts absent files and malformed rows; a reader
raises `WindowsError` if nothing can be read.
"""
