"""Servers as bad as a socket can be: silent, deaf, resetting. Each takes a port and needs no privilege."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

MOST_QUEUED = 16


@contextlib.contextmanager
def silent(port: int) -> Iterator[None]:
    """Takes connections and says nothing: the kernel accepts them, nobody reads."""
    with socket.create_server(("127.0.0.1", port), backlog=512):
        yield


@contextlib.contextmanager
def deaf(port: int) -> Iterator[None]:
    """Does not even take connections: its queue is full, so that the kernel drops every further SYN."""
    with contextlib.ExitStack() as held:
        held.enter_context(socket.create_server(("127.0.0.1", port), backlog=0))
        for _ in range(MOST_QUEUED):
            if not _connected(port, held):
                break
        else:
            raise AssertionError("The queue does not fill.")
        yield


def _connected(port: int, held: contextlib.ExitStack) -> bool:
    """Whether one more connection fits; it is kept."""
    try:
        held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=0.3))
    except TimeoutError:
        return False
    return True


@contextlib.contextmanager
def resetting(port: int) -> Iterator[None]:
    """Answers each connection with a reset."""
    with each_connection(port, reset):
        yield


@contextlib.contextmanager
def each_connection(port: int, meet: Callable[[socket.socket], None]) -> Iterator[None]:
    """A server that does nothing but `meet` with each connection."""
    ended, held = threading.Event(), contextlib.ExitStack()
    with held, socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = server.accept()
                    meet(held.enter_context(connection))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def greet(connection: socket.socket) -> None:
    """HTTP/2 that is willing and never answers: an empty SETTINGS frame (RFC 9113, 6.5)."""
    connection.sendall(b"\0\0\0\4\0\0\0\0\0")


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
