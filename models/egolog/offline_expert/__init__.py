"""The offline expert: log-odds of scenarios, who refines where there is no language model."""

from models.egolog.offline_expert.expert import Expert, Opinion

__all__ = ["Expert", "Opinion"]
