"""The product's work without its stream: features and networks on arrays or frames in memory."""
