"""Undo `gzip` and `deflate` step by step: no step makes more than 256 KiB, whatever the upstream packed into it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from routeiq.gateway.upstream.http_head import AnswerRefused

STEP_BYTES = 256 * 1024


class Decoder:
    """For one body. A gzip body may have several members (RFC 1952); deflate comes with a zlib head or without."""

    __slots__ = ("_begun", "_gzip", "_packed")

    def __init__(self, encoding: str) -> None:
        self._gzip = encoding == "gzip"
        self._packed = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds. Raises AnswerRefused: it is not packed as it says."""
        if data and not self._begun:
            self._begun = True
            if not self._gzip:
                self._packed = zlib.decompressobj(zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS)
        more = bool(data)
        while more:
            step, data = self._step(data)
            if step:
                yield step
            owes = len(step) == STEP_BYTES and not self._packed.eof  # of bytes that it has taken in already
            more = bool(data) or owes

    def finish(self) -> None:
        """Raises AnswerRefused: the packed body has no end."""
        if self._begun and not self._packed.eof:
            raise AnswerRefused("packed body without an end")

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        """Some output, and the input that is left."""
        if self._packed.eof:
            if not self._gzip:
                raise AnswerRefused("bytes after its packed body")
            self._packed = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            step = self._packed.decompress(data, STEP_BYTES)
        except zlib.error:
            raise AnswerRefused("not packed as it says") from None
        return step, self._packed.unconsumed_tail or self._packed.unused_data
