"""Services that run on this machine: the embedded broker and store, Apache Kafka."""
