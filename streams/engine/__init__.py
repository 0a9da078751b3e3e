"""What the agents share: the app, ordered stages, batched inference, guarded consumption."""
