"""Fine-tuning the deployed scenario network on its wearers' data (EgoLog §4.4.2)."""
