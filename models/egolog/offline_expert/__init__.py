"""The offline expert, which refines scenarios where no language model is configured."""

from models.egolog.offline_expert.expert import Expert, Opinion

__all__ = ["Expert", "Opinion"]
