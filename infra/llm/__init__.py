"""The client of a chat endpoint, with bounds on time, cost and load.

What is asked, and how answers are read, is in `operators`.
"""

from infra.llm.client import Answer, Llm

__all__ = ["Answer", "Llm"]
