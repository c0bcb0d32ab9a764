"""Gateways with virtual keys that have limits. Control answers at once, and the minute does not end by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.gateway.app import Edge, create_app
from routeiq.gateway.callers.directory import Callers
from routeiq.gateway.gateway import Gateway
from routeiq.kit.counters import Counters, MemoryCounters
from tests.support.asgi import Answer, call, scope
from tests.support.clocks import WallClock
from tests.support.fake_control import InstantControl
from tests.support.prompt_gateway import Bench, Waiting, bench

KEY = "sk-a-virtual-key-of-the-tests"
AUTH = ("authorization", f"Bearer {KEY}")
MESSAGES = [{"role": "user", "content": "hi"}]
PROMPT_TOKENS = len(json.dumps(MESSAGES, separators=(",", ":"))) // 4
"""As they are estimated."""


def callers(**fields: object) -> Callers:
    """Who know KEY. Args: fields: of its row; `user`, `team` and `member`: their limits; `role`: the user's."""
    control, rows = InstantControl(), {name: fields.pop(name, None) for name in ("user", "team", "member", "role")}
    control.rows.add(KEY, user_id="ada", team_id="blue" if rows["team"] or rows["member"] else "", **fields)
    control.rows.users["ada"] = pb.User(id="ada", role=rows["role"], limits=rows["user"])  # type: ignore[arg-type]  # as the test says
    control.rows.teams["blue"] = pb.Team(id="blue", limits=rows["team"])  # type: ignore[arg-type]  # as above
    control.rows.members["blue", "ada"] = pb.Member(limits=rows["member"])  # type: ignore[arg-type]  # as above
    return Callers(control)


def limits(**fields: object) -> pb.Limits:
    return pb.Limits(**fields)  # type: ignore[arg-type]  # as protobuf takes them


def chat(**fields: object) -> bytes:
    return json.dumps({"model": "m", "messages": MESSAGES, **fields}, separators=(",", ":")).encode()


def counted(counters: MemoryCounters) -> list[int]:
    """All that is counted now, the requests before the tokens where they are equal."""
    return sorted(one for one in counters._counts.values() if one)


async def limited(
    *, alike: bool = True, counters: Counters | None = None, connections: int = 1, **fields: object
) -> Bench:
    """A gateway that knows KEY already. Args: alike: True: it takes no task where it can.  fields: as `callers`."""
    kind: Mapping[str, object] = {} if alike else {"provider": Waiting}
    made = await bench(
        callers=callers(**fields), counters=counters or MemoryCounters(WallClock()), connections=connections, **kind
    )
    await made.edge._gateway.authenticator.caller({b"x-api-key": KEY.encode()})
    return made


async def ask(
    app: Gateway | Edge, body: Mapping[str, object], path: str = "/v1/chat/completions", key: str = KEY
) -> Answer:
    """Under another server."""
    edge = create_app(app) if isinstance(app, Gateway) else app
    auth = ("authorization", f"Bearer {key}")
    return await call(edge, scope("POST", path, [auth]), json.dumps(body).encode())
