"""From a planned life to what ears and sensors record, with its ground truth."""
