"""Access to Kafka: connections, topics made, read and grown, and who may write what.

The workers' own consumer and producer are in `streams.engine.kafka`.
"""
