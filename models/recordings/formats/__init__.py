"""Safe readers of arrays and pickles."""
