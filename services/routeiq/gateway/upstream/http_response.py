"""An answer of the pooled client, from its head to its last byte."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from routeiq.gateway.upstream.http_decoding import Decoder
from routeiq.gateway.upstream.http_exchange import ConnectionLost, Exchange, SinkFailed
from routeiq.gateway.upstream.http_head import AnswerHead, AnswerRefused
from routeiq.gateway.upstream.provider import Sink, UpstreamFailed, UpstreamTimeout

_BROKEN = (AnswerRefused, ConnectionLost, OSError)
"""What an answer can break off with; TimeoutError is an OSError."""


class PooledResponse:
    """As `PushedResponse` promises. Its connection is free as soon as the last byte has come, read or not."""

    __slots__ = ("_exchange", "_label", "_limit", "_parts", "headers", "status")

    def __init__(self, exchange: Exchange, head: AnswerHead, label: str, limit_bytes: int) -> None:
        self._exchange = exchange
        self._label = label
        self._limit = limit_bytes
        self._parts: list[bytes] = []
        self.status = exchange.status
        self.headers = head

    @property
    def came(self) -> bytes:
        """What `read` had when it was cancelled."""
        return b"".join(self._parts)

    @property
    def pushes(self) -> bool:
        """False: what comes must be unpacked."""
        return not self.headers.encoding

    async def read(self) -> bytes:
        """Raises UpstreamFailed: the body ends early, is not decodable or too long; UpstreamTimeout: it stalls."""
        exchange = self._exchange
        if exchange.complete and exchange.buffered <= self._limit and not self.headers.encoding:
            return exchange.take()
        parts = self._parts = []
        size = 0

        def keep(chunk: bytes) -> bool:
            nonlocal size
            parts.append(chunk)
            size += len(chunk)
            if size > self._limit:
                raise UpstreamFailed(f"The answer of `{self._label}` is longer than {self._limit} bytes.")
            return True

        if self.pushes:
            await self.relay_to(keep)
        else:
            async with aclosing(self.chunks()) as chunks:
                async for chunk in chunks:
                    keep(chunk)
        return b"".join(parts)

    async def relay_to(self, sink: Sink) -> bool:
        """Raises: as `chunks`, and what `sink` raises."""
        try:
            return await self._exchange.push(sink)
        except SinkFailed as failed:
            raise failed.error from None
        except _BROKEN as error:
            raise broken_off(self._label, error) from None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Raises UpstreamFailed: the body ends early or cannot be decoded; UpstreamTimeout: it stalls."""
        exchange = self._exchange
        decoder = Decoder(self.headers.encoding) if self.headers.encoding else None
        try:
            while True:
                if exchange.parts:
                    data = exchange.take()
                    if decoder is None:
                        yield data
                    else:
                        for step in decoder.decode(data):
                            yield step
                elif exchange.complete:
                    break
                else:
                    await exchange.arrival()
            if decoder is not None:
                decoder.finish()
        except _BROKEN as error:
            raise broken_off(self._label, error) from None
        finally:
            exchange.drop()

    async def close(self) -> None:
        """A fully received answer has already given its connection back; otherwise the connection is closed."""
        self._exchange.drop()


class UnfinishedResponse(PooledResponse):
    """One whose body is still to come. If it is forgotten, it must not keep its connection for ever."""

    __slots__ = ()

    def __del__(self) -> None:
        if self._exchange.line is not None:
            with suppress(RuntimeError):  # its loop is closed
                self._exchange.drop()


def broken_off(label: str, error: BaseException) -> UpstreamFailed:
    """What an answer that broke off with `error` is to its reader."""
    if isinstance(error, TimeoutError):
        return UpstreamTimeout(f"`{label}` stopped sending in the middle of its answer.")
    words = str(error) if isinstance(error, AnswerRefused) else type(error).__name__
    return UpstreamFailed(f"`{label}` broke off its answer ({words}).")
