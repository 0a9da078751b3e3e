"""Fine-tuned weights: the files, what became of each revision, and which one is deployed."""
