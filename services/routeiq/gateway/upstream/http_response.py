"""An answer of the pooled client, from its head to its last byte."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress

from routeiq.gateway.upstream.http_decoding import Decoder
from routeiq.gateway.upstream.http_exchange import ConnectionLost, Exchange
from routeiq.gateway.upstream.http_head import AnswerHead, AnswerRefused
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamTimeout


class PooledResponse:
    """As `UpstreamResponse` promises. Its connection is free as soon as the last byte has come, read or not."""

    __slots__ = ("_exchange", "_head", "_label", "_limit", "headers", "status")

    def __init__(self, exchange: Exchange, head: AnswerHead, label: str, limit_bytes: int) -> None:
        self._exchange = exchange
        self._head = head
        self._label = label
        self._limit = limit_bytes
        self.status = exchange.status
        self.headers: Mapping[str, str] = head.headers

    def __del__(self) -> None:
        """An answer that was forgotten must not keep its connection for ever."""
        if self._exchange.line is not None:
            with suppress(RuntimeError):  # its loop is closed
                self._exchange.drop()

    async def read(self) -> bytes:
        """Raises UpstreamFailed: the body ends early, is not decodable or too long; UpstreamTimeout: it stalls."""
        exchange = self._exchange
        if exchange.complete and not self._head.encoding and exchange.buffered <= self._limit:
            return exchange.take()
        parts: list[bytes] = []
        size = 0
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                parts.append(chunk)
                size += len(chunk)
                if size > self._limit:
                    raise UpstreamFailed(f"The answer of `{self._label}` is longer than {self._limit} bytes.")
        return b"".join(parts)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Raises UpstreamFailed: the body ends early or cannot be decoded; UpstreamTimeout: it stalls."""
        exchange = self._exchange
        decoder = Decoder(self._head.encoding) if self._head.encoding else None
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
        except TimeoutError:
            raise UpstreamTimeout(f"`{self._label}` stopped sending in the middle of its answer.") from None
        except AnswerRefused as refused:
            raise UpstreamFailed(f"`{self._label}` broke off its answer ({refused}).") from None
        except (ConnectionLost, OSError) as error:
            raise UpstreamFailed(f"`{self._label}` broke off its answer ({type(error).__name__}).") from None
        finally:
            exchange.drop()

    async def close(self) -> None:
        """A fully received answer has already given its connection back; otherwise the connection is closed."""
        self._exchange.drop()
