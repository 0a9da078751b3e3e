"""Errors of the services around the pipeline.

```
InfraError                  every error below; one line that names the thing, its value and the fix
├── SettingsError           a setting is unknown, or its value is not allowed
├── BrokerError             Kafka cannot be reached
├── TopicsError             topics are missing, or have another number of partitions
├── StoreError              Redis cannot be reached or refuses
├── LabelError              a label's name is bad, taken or unknown, or it cannot be described
├── RevisionError           a model's revision is unknown or pinned, or its weights cannot be had
├── ReplayBufferError       the fine-tuner's buffer cannot be read or written
├── FinetuneError           the fine-tuner cannot run here, or its training failed
├── LlmError                the language model's endpoint gave no usable answer
└── ServiceError            a service started by us
    ├── BinaryMissingError  its program is not on this machine
    ├── PortInUseError      its port belongs to somebody else
    └── NotAnsweringError   it ended, or does not answer in time
```
"""

from __future__ import annotations


class InfraError(Exception):
    """Something around the pipeline is not as it must be; the text is one line."""


class SettingsError(InfraError):
    """A setting is unknown, or its value is not allowed."""


class BrokerError(InfraError):
    """Kafka cannot be reached."""


class TopicsError(InfraError):
    """Topics are missing, or have another number of partitions than the settings say."""


class StoreError(InfraError):
    """Redis cannot be reached, or refuses."""


class LabelError(InfraError):
    """A label's name is bad, taken or unknown, or nobody can describe it."""


class RevisionError(InfraError):
    """A model's revision is unknown or not to be replaced, or its weights cannot be had."""


class ReplayBufferError(InfraError):
    """The fine-tuner's buffer cannot be read or written."""


class FinetuneError(InfraError):
    """The fine-tuner cannot run here, or its training failed."""


class LlmError(InfraError):
    """The language model's endpoint gave no usable answer; `outcome` is a code for metrics.

    `tokens` and `latency_ms` are what an answer cost that cannot be used.
    """

    def __init__(
        self, outcome: str, text: str, *, tokens: int = 0, latency_ms: float = 0.0
    ) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.tokens = tokens
        self.latency_ms = latency_ms


class ServiceError(InfraError):
    """A service that was to be started does not run."""


class BinaryMissingError(ServiceError):
    """The service's program is not on this machine."""


class PortInUseError(ServiceError):
    """The service's port is taken."""


class NotAnsweringError(ServiceError):
    """The service ended, or did not answer in time."""
