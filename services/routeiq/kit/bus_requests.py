"""Ask whoever answers for a subject, over NATS, and answer: one of those who share a queue gets each question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from routeiq.kit.bus import Bus, BusUnavailable
from routeiq.kit.cancellation import heeding
from routeiq.kit.errors import RouteIQError, Unavailable

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = structlog.get_logger()

FAILED = "RouteIQ-Failed"
MOST_AT_ONCE = 16
"""Questions that are being answered here; the next ones wait in their order."""
LAST_ANSWERS_S = 1.0
"""Who ends waits so long for those that are being made."""

Handler = Callable[[bytes], Awaitable[bytes]]


class NobodyAnswers(Unavailable):
    """Nobody is there who would."""

    code = "nobody_answers"


class NotAnswered(Unavailable):
    """Who took the question has failed to answer it."""

    code = "not_answered"


class Requests:
    """Over a bus that somebody else starts and closes."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._answering: set[asyncio.Task[None]] = set()

    def answer(self, subject: str, queue: str, handler: Handler) -> None:
        """Answer what is asked on `subject` with what `handler` returns, several questions at once. Before the bus
        starts. One that raises makes `ask` raise NotAnswered: a refusal that its asker shall read is an answer."""

        async def take(message: Msg) -> None:
            await self._room.acquire()
            task = asyncio.create_task(self._answer(message, handler), name="bus.answer")
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

        self._bus.share(subject, queue, take)

    async def ask(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """The answer. Raises: NobodyAnswers: at once.  NotAnswered.  BusUnavailable: there is no connection, or no
        answer in time; then it may still be worked on."""
        client = self._bus.client
        if client is None:
            raise BusUnavailable("there is no connection to NATS")
        from nats.errors import Error, NoRespondersError  # noqa: PLC0415  # for who has a bus, which has loaded it

        try:
            found = await heeding(client.request(subject, payload, timeout=timeout_s))
        except NoRespondersError:
            raise NobodyAnswers(f"nobody answers {subject}") from None
        except (Error, OSError) as error:
            raise BusUnavailable(f"{subject} was not answered ({type(error).__name__})") from error
        if FAILED in (found.headers or {}):
            raise NotAnswered(f"{subject} could not be answered")
        return found.data

    async def close(self) -> None:
        """Take no more questions; what is not answered in a moment never is. Before the bus closes. Idempotent."""
        await self._bus.leave()
        if self._answering:
            await asyncio.wait(self._answering, timeout=LAST_ANSWERS_S)
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    async def _answer(self, message: Msg, handler: Handler) -> None:
        try:
            await message.respond(await handler(message.data))
        except RouteIQError as error:
            log.warning("bus.unanswered", subject=message.subject, reason=error.code)
            await _refuse(self._bus.client, message)
        except Exception:  # the edge of the task
            log.exception("bus.unanswered", subject=message.subject)
            await _refuse(self._bus.client, message)
        finally:
            self._room.release()


async def _refuse(client: Client | None, message: Msg) -> None:
    if client is None:
        return
    with suppress(Exception):  # its connection may go at the same time
        await client.publish(message.reply, b"", headers={FAILED: "1"})
