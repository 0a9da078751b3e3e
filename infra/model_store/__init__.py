"""Fine-tuned models: the replay buffer, weight files, history of revisions and deployment.

How they are trained is in `models.finetuning`.
"""
