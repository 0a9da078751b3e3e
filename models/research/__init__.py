"""How the networks are trained and measured; nothing that runs imports it."""
