"""A port for a server that another process starts, later or anew."""

import secrets
import socket
from errno import EADDRINUSE

# Below those that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): one of these could take
# a port between the moment in which it is found free and that in which the server listens.
_FIRST, _LAST = 20_000, 32_767
_ATTEMPTS = 100


def free_port() -> int:
    """On which nobody listens. Raises OSError if there is none."""
    for _ in range(_ATTEMPTS):
        port = _FIRST + secrets.randbelow(_LAST + 1 - _FIRST)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != EADDRINUSE:
                    raise
                continue
        return port
    raise OSError(EADDRINUSE, f"no port of {_FIRST} to {_LAST} is free")
