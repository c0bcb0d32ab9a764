"""Do what only the leader may do, wherever it is asked: a replica that does not lead passes it on over NATS.

Questions and answers are JSON. What the leader refuses is refused here with the same error.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog

from routeiq.clients.fleet_names import DO, replica_key
from routeiq.config_sync.leader import Leadership
from routeiq.kit.errors import RouteIQError, Unavailable

log = structlog.get_logger()

ANSWER_S = 45.0
"""For what the leader does, a poll of a slow source among it."""

Said = dict[str, Any]
Action = Callable[[Said], Awaitable[Said]]
Ask = Callable[[str, bytes, float], Awaitable[bytes]]


class NobodyLeads(Unavailable):
    """There is no leader now, or it does not answer."""

    code = "config_sync_without_leader"


class _Question(msgspec.Struct):
    action: str
    said: dict[str, Any]


class _Refusal(msgspec.Struct):
    status: int
    type: str
    code: str
    message: str
    param: str | None = None


class _Answer(msgspec.Struct):
    done: dict[str, Any] | None = None
    refused: _Refusal | None = None


class RefusedThere(RouteIQError):
    """What the leader said."""

    expose = True


def subject_of(replica: str) -> str:
    """Where one replica is asked."""
    return f"{DO}.{replica_key('config-sync', replica)}"


class LeaderRequests:
    """Args: actions: what the leader does, by name; each takes and gives what JSON can carry."""

    def __init__(self, leadership: Leadership, ask: Ask, actions: Mapping[str, Action]) -> None:
        self._leadership, self._ask, self._actions = leadership, ask, actions

    async def do(self, action: str, said: Said) -> Said:
        """Raises: NobodyLeads, and what the action raises."""
        if self._leadership.leading:
            return await self._actions[action](said)
        holder = self._leadership.holder
        if not holder:
            raise NobodyLeads("No replica of config-sync leads now; try again.")
        question = msgspec.json.encode(_Question(action, said))
        try:
            raw = await self._ask(subject_of(holder), question, ANSWER_S)
        except Unavailable as error:
            raise NobodyLeads(f"The leader of config-sync does not answer ({error.code}); try again.") from None
        answer = msgspec.json.decode(raw, type=_Answer)
        if answer.done is None:
            raise _error_of(answer.refused or _Refusal(500, "internal_error", "internal_error", "it failed"))
        return answer.done

    async def answer(self, raw: bytes) -> bytes:
        """What another replica asks. Only a leader does it."""
        try:
            question = msgspec.json.decode(raw, type=_Question)
            act = self._actions[question.action]
        except (msgspec.MsgspecError, KeyError):
            log.warning("leader.request_unreadable")
            refused = _Refusal(400, "invalid_request_error", "unknown_action", "The leader of config-sync is older.")
            return msgspec.json.encode(_Answer(refused=refused))
        try:
            if not self._leadership.leading:
                raise NobodyLeads("The leader of config-sync changes just now; try again.")
            return msgspec.json.encode(_Answer(await act(question.said)))
        except RouteIQError as error:
            refused = _Refusal(error.status, error.type, error.code, error.public_message, error.param)
            return msgspec.json.encode(_Answer(refused=refused))


def _error_of(said: _Refusal) -> RouteIQError:
    """The same as the leader had."""
    away = said.status == Unavailable.status
    error = Unavailable(said.message) if away else RefusedThere(said.message, param=said.param)
    error.status, error.type, error.code = said.status, said.type, said.code  # type: ignore[misc]  # of this one
    return error
