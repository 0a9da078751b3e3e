"""Replies of an endpoint that interprets by the analysis it is shown."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.pipeline.llm_endpoint import completion


def interpreting(body: dict[str, Any]) -> tuple[int, bytes]:
    """Answer a prompt for a reading with the amplitude that its analysis states."""
    text = body["messages"][0]["content"]
    found = re.search(r"varies by ([\d.]+) m/s²", text)
    amount = found.group(1) if found else "some"
    corrected = " It was looked at again." if len(body["messages"]) > 1 else ""
    answer = {
        "patterns": [{"category": "amplitude of movement", "patterns": [f"about {amount}"]}],
        "interpretation": f"The acceleration varies by {amount} m/s².{corrected}",
    }
    return 200, completion(json.dumps(answer))


def describing(body: dict[str, Any]) -> tuple[int, bytes]:
    """Answer a prompt for a label with sentences that name it and its view."""
    text = body["messages"][0]["content"]
    name = text.split("The activity is: ")[1].split(".")[0]
    view = text.split("this one should ")[1].split(".")[0]
    answer = {
        "general": f"{name} is an activity that people do; {view}.",
        "sensors": f"The sensors show the movement of {name}; {view}.",
        "body": f"Arms and legs take part in {name}; {view}.",
    }
    return 200, completion(json.dumps(answer))
