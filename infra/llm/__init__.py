"""The client of a chat endpoint, with bounds on time, cost and load."""

from infra.llm.client import Answer, Llm

__all__ = ["Answer", "Llm"]
