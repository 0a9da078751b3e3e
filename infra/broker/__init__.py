"""Access to Kafka: connections, topics read and grown, and who may write what."""
