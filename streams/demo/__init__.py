"""The demo: a simulated day through the whole pipeline, held against its truth."""
