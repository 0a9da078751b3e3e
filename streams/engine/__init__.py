"""What the agents share: the app, ordered stages, batched inference, guarded consumption.

No agent and no command is here.
"""
