"""What the networks of both papers share: how one is found and rebuilt, and their transformer."""
