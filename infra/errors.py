"""Errors of the services around the pipeline.

```
InfraError                  base class; one line that names the thing, its value and the fix
├── SettingsError           a setting is unknown, or its value is not allowed
├── BrokerError             Kafka cannot be reached
├── TopicsError             topics are missing, or have another number of partitions
├── StoreError              Redis cannot be reached or refuses
│   ├── TakenOverError      another worker owns a device's checkpoint by now
│   ├── StoreChangedError   another copy of the store answers than when partitions were sought
│   └── ErasedError         a device was erased, and data from before is refused
├── LabelError              a label's name is bad, taken or unknown, or it cannot be described
├── RevisionError           a model's revision is unknown or pinned, or its weights are unavailable
├── ReplayBufferError       the fine-tuner's buffer cannot be read or written
├── FinetuneError           the fine-tuner cannot run here, or its training failed
├── LlmError                the language model's endpoint gave no usable answer
└── ServiceError            a service that we start ourselves failed
    ├── BinaryMissingError  its program is not installed
    ├── PortInUseError      its port is taken by another program
    └── NotAnsweringError   it exited, or does not answer in time
```
"""

from __future__ import annotations


class InfraError(Exception):
    """Base class of this package's errors; the text is one line."""


class SettingsError(InfraError):
    """A setting is unknown, or its value is not allowed."""


class BrokerError(InfraError):
    """Kafka cannot be reached."""


class TopicsError(InfraError):
    """Topics are missing, or have another number of partitions than the settings say."""


class StoreError(InfraError):
    """Redis cannot be reached, or refuses."""


class TakenOverError(StoreError):
    """Another worker owns a device's checkpoint by now."""


class StoreChangedError(StoreError):
    """Another copy of the store answers than when the partitions were sought."""


class ErasedError(StoreError):
    """A device was erased, and data from before is refused."""


class LabelError(InfraError):
    """A label's name is bad, taken or unknown, or it cannot be described."""


class RevisionError(InfraError):
    """A model's revision is unknown or pinned, or its weights are unavailable."""


class ReplayBufferError(InfraError):
    """The fine-tuner's buffer cannot be read or written."""


class FinetuneError(InfraError):
    """The fine-tuner cannot run here, or its training failed."""


class LlmError(InfraError):
    """The language model's endpoint gave no usable answer; `outcome` is a code for metrics.

    `tokens` and `latency_ms` are the cost of the unusable answer.
    """

    def __init__(
        self, outcome: str, text: str, *, tokens: int = 0, latency_ms: float = 0.0
    ) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.tokens = tokens
        self.latency_ms = latency_ms


class ServiceError(InfraError):
    """A service could not be started."""


class BinaryMissingError(ServiceError):
    """The service's program is not installed."""


class PortInUseError(ServiceError):
    """The service's port is taken."""


class NotAnsweringError(ServiceError):
    """The service exited, or did not answer in time."""
