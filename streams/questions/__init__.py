"""Questions about a log to the language model, for the page and the command line."""
