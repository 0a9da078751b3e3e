"""Faust's Kafka transport, built from this package's parts."""

from __future__ import annotations

from faust.transport.drivers.aiokafka import Transport as FaustTransport

from streams.engine.kafka import consumer
from streams.engine.kafka.conductor import DirectConductor
from streams.engine.kafka.producer import Producer


class Transport(FaustTransport):
    """Faust's transport with the guarded consumer, its conductor and the bounded producer."""

    Conductor = DirectConductor
    Consumer = consumer.Consumer
    Producer = Producer
