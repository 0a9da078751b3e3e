"""A chat endpoint that may be slow, dead, dear or wrong, asked so that nothing else suffers."""

from infra.llm.client import Answer, Llm

__all__ = ["Answer", "Llm"]
