"""A request for a stream, and the bytes of one."""

from __future__ import annotations

from tests.support.passing import Line
from tests.support.prompt_gateway import CHAT

STREAM = CHAT[:-1] + b',"stream":true}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def streams(*frames: bytes, end: bytes = LAST) -> Line:
    """A stream, each frame in a read of its own."""
    return lambda peer: peer.say(HEAD, *map(chunk, frames), *([end] if end else []))
