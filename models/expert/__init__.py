"""The offline expert: log-odds of scenarios, who refines where there is no language model."""

from models.expert.expert import Expert, Opinion

__all__ = ["Expert", "Opinion"]
