"""Traffic as users make it, with the official OpenAI SDK and without its retries: short answers, and streams of six
seconds. Everything that is not exactly right is kept, with its reason and its time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from openai import AsyncOpenAI

from tests.cluster.support.values import SLOW, STREAM_S

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Edge:
    """Where the gateways are reached, and by whom."""

    url: str
    host: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Host": self.host} if self.host else {}

    def client(self) -> AsyncOpenAI:
        return AsyncOpenAI(
            base_url=f"{self.url}/v1", api_key=self.key, default_headers=self.headers, max_retries=0, timeout=TIMEOUT_S
        )


@dataclass
class Seen:
    """What became of all that was asked. `fallbacks`: answers that routing did not decide, by reason."""

    answers: int = 0
    streams: int = 0
    failed: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    fallbacks: Counter[str] = field(default_factory=Counter)
    versions: set[str] = field(default_factory=set)

    @property
    def sent(self) -> int:
        return self.answers + self.streams + len(self.failed) + len(self.cut)

    def __str__(self) -> str:
        return (
            f"{self.answers} answers, {self.streams} streams of {STREAM_S:.0f} s, {len(self.failed)} failed, "
            f"{len(self.cut)} cut, fallbacks {dict(self.fallbacks)}"
        )


class Load:
    """Runs in a thread of its own. `asking` and `streaming`: how many do so at a time."""

    def __init__(self, edge: Edge, *, asking: int = 3, streaming: int = 6, pause_s: float = 0.15) -> None:
        self._edge, self._asking, self.streaming, self._pause_s = edge, asking, streaming, pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")
        self._begun = time.monotonic()
        self.seen = Seen()

    @contextmanager
    def running(self) -> Iterator[Seen]:
        """In the end everything that was begun has ended."""
        self._begun = time.monotonic()
        self._thread.start()
        try:
            yield self.seen
        finally:
            self._stop.set()
            self._thread.join()

    def wait(self, *, requests: int = 0, streams: int = 0, timeout_s: float = 300) -> None:
        """Until so many have ended. Raises: AssertionError."""
        end = time.monotonic() + timeout_s
        while self.seen.sent < requests or self.seen.streams + len(self.seen.cut) < streams:
            assert time.monotonic() < end, f"the load is too slow: {self.seen}"
            time.sleep(0.2)

    async def _run(self) -> None:
        async with self._edge.client() as client, asyncio.TaskGroup() as group:
            for number in range(self._asking):
                group.create_task(self._ask(client, number))
            for number in range(self.streaming):
                group.create_task(self._stream(client, number))

    async def _ask(self, client: AsyncOpenAI, number: int) -> None:
        turn = 0
        while not self._stop.is_set():
            turn += 1
            try:
                messages = [{"role": "user", "content": f"Question {turn} of {number}: what is {turn} + {number}?"}]
                raw = await client.chat.completions.with_raw_response.create(model="auto", messages=messages)  # type: ignore[arg-type]  # as the API has it
                self._note(raw.headers, bool(raw.parse().choices[0].message.content))
            except Exception as error:  # noqa: BLE001  # whatever it is, it is what the test asks about
                self._failed(error)
            await asyncio.sleep(self._pause_s)

    def _note(self, headers: object, said: bool) -> None:
        get = headers.get  # type: ignore[attr-defined]  # httpx's
        self.seen.versions.add(get("x-routeiq-version", ""))
        if fallback := get("x-routeiq-fallback"):
            self.seen.fallbacks[fallback] += 1
        if said:
            self.seen.answers += 1
        else:
            self.seen.failed.append("an empty answer")

    async def _stream(self, client: AsyncOpenAI, number: int) -> None:
        await asyncio.sleep(number * STREAM_S / max(self.streaming, 1))
        while not self._stop.is_set():
            words, ended = 0, ""
            try:
                messages = [{"role": "user", "content": f"Tell story {number}."}]
                async for chunk in await client.chat.completions.create(model="slow", messages=messages, stream=True):  # type: ignore[arg-type,call-overload]  # as above
                    if chunk.choices:
                        words += bool(chunk.choices[0].delta.content)
                        ended = chunk.choices[0].finish_reason or ended
            except Exception as error:  # noqa: BLE001  # as above
                (self.seen.cut.append(self._said(error, words)) if words else self._failed(error))
                continue
            if ended == "stop" and words >= SLOW["output_tokens"]:
                self.seen.streams += 1
            else:
                self.seen.cut.append(f"{self._at()} ended after {words} words by {ended!r}")

    def _failed(self, error: Exception) -> None:
        self.seen.failed.append(self._said(error, 0))

    def _said(self, error: Exception, words: int) -> str:
        return f"{self._at()} after {words} words {type(error).__name__}: {error} <- {error.__cause__!r}"

    def _at(self) -> str:
        return f"{time.monotonic() - self._begun:.1f} s:"
