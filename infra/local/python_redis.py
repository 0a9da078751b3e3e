"""A Redis in Python for machines without another: `python python_redis.py PORT`.

It is fakeredis behind a socket on loopback: slow, and without persistence.
"""

from __future__ import annotations

import sys


def main(port: int) -> None:
    """Serve until the process is terminated."""
    from fakeredis import TcpFakeServer

    server = TcpFakeServer(("127.0.0.1", port))
    # Connected clients must not delay the exit.
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
