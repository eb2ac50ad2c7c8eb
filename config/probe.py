"""Whether a web process answers: `python -m config.probe PORT`, and the wait of `manage.py up`. Standard library only."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

# A wildcard is listened on, not connected to.
CONNECT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def answers(host: str, port: int, base_url: str) -> bool:
    """Whether the process on `host` and `port` is healthy.

    Asks under the public name, for processes answer to no other.
    """
    connection = HTTPConnection(CONNECT.get(host, host), port, timeout=2)
    try:
        connection.request("GET", "/healthz", headers={"Host": urlsplit(base_url).netloc})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not answers("127.0.0.1", int(sys.argv[1]), os.environ["PLACET_BASE_URL"]))
