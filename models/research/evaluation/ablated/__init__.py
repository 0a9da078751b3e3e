"""What `models.research.evaluation.ablations` compares, one comparison a file."""
