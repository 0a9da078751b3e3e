"""The daily log: its records, the store that keeps them, and its export."""
