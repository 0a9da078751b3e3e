"""How the offline expert is learned and shown."""
