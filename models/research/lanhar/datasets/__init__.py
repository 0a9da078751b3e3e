"""Data sets in the layouts that their authors publish, read into `Windows`.

Every reader has `read(root) -> (Windows, SetReport)`: 6 s at 20 Hz, m/s² and rad/s, gravity as a
sensor at rest measures it (upwards). The report counts absent files and malformed rows; a reader
raises `WindowsError` when nothing can be read at all.
"""
