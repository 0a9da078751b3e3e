"""Faust adapted to at-least-once processing: contiguous offsets, raw bytes, decoding by topic."""
