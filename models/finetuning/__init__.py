"""Fine-tuning the deployed scenario network on its wearers' data (EgoLog §4.4.2).

The service that runs it is `streams.finetuning`.
"""
