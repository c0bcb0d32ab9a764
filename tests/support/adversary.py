"""An upstream that breaks rules on purpose: a raw server in the test's own loop that plays scripts.

A script is a list of steps; it is played for each request that has come whole (`EARLY`: as soon as its head is there).
Each `bytes` step is a segment of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tests.support.waiting import PATIENCE_S


@dataclass(frozen=True)
class Pause:
    """Say nothing for a while."""

    s: float


class Sign:
    """A step without parameters."""


RESET, CLOSE, STALL, EARLY, ECHO, ECHO_TWICE = (Sign() for _ in range(6))
"""Reset or close the connection; say nothing more; answer without reading the request's body; send it back, or that and
one answer too many in one segment."""
Step = bytes | Pause | Sign
Script = Sequence[Step]
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class Adversary:
    """What it saw, and what it does: the scripts in turn, the last one again and again."""

    url: str = ""
    scripts: list[Script] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def plays(self, *scripts: Script) -> None:
        """From now on; forgets what it saw."""
        self.scripts = list(scripts)
        self.requests.clear()
        self.connections = 0

    def next_script(self) -> Script:
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]

    async def until_closed(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait for the last connection's end. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self.open:
                await asyncio.sleep(0.005)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            pass  # by `adversary`, at its end; a stream's callback would log it
        finally:
            self.open -= 1
            self.tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        script = self.next_script()
        length = _LENGTH.search(head)
        body = b"" if EARLY in script else await reader.readexactly(int(length[1]) if length else 0)
        self.requests.append(head + body)
        for step in script:
            if step in (ECHO, ECHO_TWICE):
                echo = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
                step = echo if step is ECHO else echo * 2
            if not await self._play(step, reader, writer):
                return False
        return True

    async def _play(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
            for _ in range(3):  # so that the other side reads before the next segment comes
                await asyncio.sleep(0)
        elif isinstance(step, Pause):
            await asyncio.sleep(step.s)
        elif step is STALL:
            await reader.read()
            return False
        elif step is RESET:
            reset(writer)
            return False
        elif step is CLOSE:
            return False
        return True


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST instead of a FIN."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def adversary(tls: ssl.SSLContext | None = None) -> AsyncIterator[Adversary]:
    """Listen on a free port of loopback."""
    played = Adversary()
    server = await asyncio.start_server(played.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    played.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1/chat/completions"
    async with server:
        yield played
        for task in (left := tuple(played.tasks)):
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
