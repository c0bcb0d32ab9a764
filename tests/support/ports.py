"""Ports for servers that tests start. None is of those that the kernel gives to whoever asks for any: such a port is
soon another connection's when its server is stopped, even of the client that calls there meanwhile (it then connects to
itself), and its server cannot come back."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_FIRST = 12_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LAST = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
_chance = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """A TCP port that nobody listens on now and that this process was not given before."""
    while True:
        port = _chance.randrange(_FIRST, _LAST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def free_ports(*names: str) -> dict[str, int]:
    """One for each, none twice."""
    return {name: free_port() for name in names}


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
