"""Fine-tuning the deployed network on what its wearers live (EgoLog §4.4.2)."""
