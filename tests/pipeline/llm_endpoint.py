"""A scriptable OpenAI-compatible HTTP endpoint."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Raw:
    """A response with custom headers; `length` is its Content-Length."""

    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


class Reset(Exception):
    """Raised by a reply to break the connection."""


Reply = Callable[[dict[str, Any]], tuple[int, bytes] | Raw]


def completion(text: str) -> bytes:
    """Return a chat completion with the content `text`."""
    return json.dumps(
        {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text},
                }
            ],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        }
    ).encode()


class LlmEndpoint:
    """Serves `/v1/chat/completions` on loopback; `requests` are the received bodies.

    `raw` are the same requests in full, with request lines and headers.
    """

    def __init__(self, reply: Reply) -> None:
        self.requests: list[dict[str, Any]] = []
        self.raw: list[str] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                data = self.rfile.read(length)
                endpoint.raw.append(f"{self.requestline}\n{self.headers}\n{data.decode()}")
                body = json.loads(data)
                endpoint.requests.append({"path": self.path, **body})
                try:
                    answer = reply(body)
                except Reset:
                    # Closing without lingering sends a reset instead of an end.
                    self.connection.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                    self.connection.close()
                    self.close_connection = True
                    return
                raw = answer if isinstance(answer, Raw) else Raw(*answer)
                self.send_response(raw.status)
                self.send_header("content-type", "application/json")
                for name, value in raw.headers.items():
                    self.send_header(name, value)
                size = len(raw.body) if raw.length is None else raw.length
                self.send_header("content-length", str(size))
                self.end_headers()
                self.wfile.write(raw.body)

            def handle(self) -> None:
                # The client is expected to disconnect from an endless response.
                with suppress(OSError):
                    super().handle()

            def finish(self) -> None:
                with suppress(OSError, ValueError):
                    super().finish()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> LlmEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
