"""The Faust app: agents, producers, commands and the page."""
