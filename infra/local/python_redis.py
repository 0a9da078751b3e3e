"""`python python_redis.py PORT`: a Redis in Python, for machines that have no other.

It is fakeredis behind a socket on loopback. It is slow, and it keeps nothing.
"""

from __future__ import annotations

import sys


def main(port: int) -> None:
    """Serve until the process is ended."""
    from fakeredis import TcpFakeServer

    server = TcpFakeServer(("127.0.0.1", port))
    # A client that is still connected must not hold up the end.
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
