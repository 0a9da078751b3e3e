"""What a worker loads: weights by name and hash, and what the agents call.

No torch is imported unless a GPU or an audio tagger is in use, and nothing is trained.
"""
