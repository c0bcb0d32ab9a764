"""Redis, or what speaks like it: the one door to redis-py, for what is nice to have.

Nobody waits for it longer than `TIMEOUT_S`, and while it does not answer nobody waits at all: after a failure it is
asked again beside, until it answers. So what it keeps must be found another way, too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import quote

import structlog
from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.kit.cancellation import heeding
from routeiq.kit.errors import Unavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis as Client

log = structlog.get_logger()

TIMEOUT_S = 0.05
LOOK_EVERY_S = 0.5
LOOK_TIMEOUT_S = 2.0
MOST_CONNECTIONS = 16
T = TypeVar("T")


class RedisAway(Unavailable):
    """No answer in time, or none lately."""

    code = "redis_unavailable"


class RedisRefused(RedisAway):
    """It answers, and will not do it: out of memory, a replica, or another kind of value."""

    code = "redis_refused"


def _port(given: object) -> object:
    """Kubernetes sets REDIS_PORT=tcp://10.0.0.1:6379 beside a Service that is called `redis`."""
    return given.rpartition(":")[2] if isinstance(given, str) and given.startswith("tcp://") else given


class RedisSettings(BaseSettings):
    """The contract's names (2.3)."""

    model_config = SettingsConfigDict(env_prefix="REDIS_", frozen=True, extra="ignore")

    host: str = ""
    """Empty: there is none."""
    port: Annotated[int, BeforeValidator(_port), Field(ge=1, le=65535)] = 6379
    db: int = Field(default=0, ge=0)
    username: str = ""
    password: SecretStr = SecretStr("")
    ssl: bool = False

    def url(self) -> str:
        """Empty: there is none."""
        if not self.host:
            return ""
        password = self.password.get_secret_value()
        who = f"{quote(self.username, safe='')}:{quote(password, safe='')}@" if password else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis{'s' if self.ssl else ''}://{who}{host}:{self.port}/{self.db}"


class Redis:
    """One server. Make it anywhere; `start` it in the running loop; it connects at its first use. `close` it.

    Args: url: `redis://user:password@host:port/db`, or `rediss://`."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._timeout_s = url, timeout_s
        self._client: Client | None = None
        self._looking: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[Client] | None = None

    def start(self) -> None:
        """Load the library beside, so that the first who asks does not wait for that."""
        self._opening = asyncio.create_task(self._open(), name="redis-open")

    @property
    def away(self) -> bool:
        """Whether it gave no answer when it was last asked."""
        return self._looking is not None

    async def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """What `work` does with a client. Raises: RedisAway.  RedisRefused: trying again would not help."""
        if self._looking is not None:
            raise RedisAway("Redis does not answer.")
        client = self._client or await self._open()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await heeding(work(client))
        except Exception as error:  # what is not Redis' is raised again
            kind = _meaning(error)
            if kind is None:
                raise
            if kind is RedisRefused:
                log.warning("redis.refused", error=type(error).__name__)
                raise RedisRefused("Redis refused.") from None
            if self._looking is None:
                log.warning("redis.away", error=type(error).__name__)
                self._looking = asyncio.create_task(self._look(client), name="redis")
            raise RedisAway("Redis does not answer.") from None

    async def close(self) -> None:
        tasks = [task for task in (self._looking, self._opening) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _open(self) -> Client:
        """In a thread, because the library takes a while to import. Callers that come together keep the first."""
        made = await asyncio.to_thread(_make, self._url, self._timeout_s)
        self._client = self._client or made
        return self._client

    async def _look(self, client: Client) -> None:
        """Until it answers."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                async with asyncio.timeout(LOOK_TIMEOUT_S):
                    await heeding(client.ping())
            except Exception as error:  # the edge of the task: it goes on whatever happens
                if _meaning(error) is None:
                    log.exception("redis.look_failed")
            else:
                log.info("redis.back")
                self._looking = None
                return


def _make(url: str, timeout_s: float) -> Client:
    from redis.asyncio import Redis as Client  # noqa: PLC0415  # the door
    from redis.asyncio.retry import Retry  # noqa: PLC0415  # as above
    from redis.backoff import NoBackoff  # noqa: PLC0415  # as above

    return Client.from_url(
        url,
        socket_timeout=LOOK_TIMEOUT_S,
        socket_connect_timeout=LOOK_TIMEOUT_S,
        max_connections=MOST_CONNECTIONS,
        retry=Retry(NoBackoff(), 1),  # for a connection that was closed meanwhile
    )


def _meaning(error: Exception) -> type[RedisAway] | None:
    """None: it is not Redis' error."""
    from redis.exceptions import RedisError, ResponseError  # noqa: PLC0415  # as above

    if isinstance(error, ResponseError):
        return RedisRefused
    return RedisAway if isinstance(error, RedisError | OSError | TimeoutError) else None
