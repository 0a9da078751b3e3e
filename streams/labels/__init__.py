"""What `faust -A streams.app labels` does: adds, describes, lists and removes labels."""
