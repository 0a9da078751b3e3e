"""Apache Kafka on this machine: one KRaft node on loopback, its jars fetched by Maven.

`python -m infra.local.kafka start|stop|status` runs it for a checkout; `ApacheKafka` runs one for a
test session. It needs Java 17 or later, and Maven to download the jars once.
"""

from infra.local.kafka.jars import libs_dir, resolve_jars
from infra.local.kafka.server import ApacheKafka

__all__ = ["ApacheKafka", "libs_dir", "resolve_jars"]
