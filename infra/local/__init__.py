"""What a single machine runs of its own: an embedded broker and store, and Apache Kafka."""
