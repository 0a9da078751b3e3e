"""Recordings as people have them: found, read and named before anything is published."""
