"""The logic of `faust -A streams.app labels`: adds, describes, lists and removes labels."""
