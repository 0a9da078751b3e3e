"""The figures as one JSON document, and docs/PERFORMANCE.md written from it."""
