"""What only the leader does, asked of any replica."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from routeiq.config_sync.leader_requests import LeaderRequests, NobodyLeads, subject_of
from routeiq.kit.errors import InvalidRequest, NotFound, RouteIQError, Unavailable


@dataclass
class Leads:
    leading: bool
    holder: str = ""
    expires_in_s: float | None = None

    async def run(self) -> None: ...


async def double(said: dict[str, Any]) -> dict[str, Any]:
    return {"number": said["number"] * 2}


def asking(to: Leads, raises: Exception | None = None, leader_leads: bool = True) -> LeaderRequests:
    """A replica beside the leader `pod.a`, which may raise."""

    async def act(said: dict[str, Any]) -> dict[str, Any]:
        if raises:
            raise raises
        return await double(said)

    async def ask(subject: str, question: bytes, timeout_s: float) -> bytes:
        if isinstance(raises, Unavailable):
            raise raises
        assert subject == subject_of("pod.a") == "routeiq.sync.do.config-sync.pod-a"
        return await there.answer(question)

    there = LeaderRequests(Leads(leader_leads, "pod.a"), ask, {"double": act})
    return LeaderRequests(to, ask, {"double": double})


async def test_the_leader_does_it_itself_and_others_ask_it() -> None:
    assert await asking(Leads(True, "pod.a")).do("double", {"number": 2}) == {"number": 4}
    assert await asking(Leads(False, "pod.a")).do("double", {"number": 3}) == {"number": 6}


@pytest.mark.parametrize("error", [NotFound("no", param="to"), InvalidRequest("bad")])
async def test_what_the_leader_refuses_is_refused_here(error: RouteIQError) -> None:
    with pytest.raises(RouteIQError) as refused:
        await asking(Leads(False, "pod.a"), error).do("double", {"number": 3})
    found = refused.value
    assert (found.status, found.code, found.public_message, found.param) == (
        error.status, error.code, error.message, error.param,
    )  # fmt: skip


async def test_that_the_leader_lacks_something_says_when_to_come_back() -> None:
    with pytest.raises(Unavailable) as refused:
        await asking(Leads(False, "pod.a"), leader_leads=False).do("double", {"number": 3})
    assert (refused.value.code, refused.value.retry_after_s) == (NobodyLeads.code, 1)


async def test_a_fault_in_what_it_does_is_no_refusal() -> None:
    with pytest.raises(KeyError):
        await asking(Leads(True)).answer(b'{"action": "double", "said": {}}')


async def test_inner_texts_stay_inside() -> None:
    with pytest.raises(RouteIQError) as refused:
        await asking(Leads(False, "pod.a"), RouteIQError("the inner text")).do("double", {"number": 3})
    assert (refused.value.status, "inner" in refused.value.public_message) == (500, False)


async def test_without_a_leader_it_is_said_so() -> None:
    with pytest.raises(NobodyLeads):
        await asking(Leads(False)).do("double", {})
    with pytest.raises(NobodyLeads):
        await asking(Leads(False, "pod.a"), Unavailable("away")).do("double", {})
    with pytest.raises(RouteIQError, match="changes just now"):
        await asking(Leads(False, "pod.a"), leader_leads=False).do("double", {})


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"action": "nothing", "said": {}}'])
async def test_what_cannot_be_read_is_refused(raw: bytes) -> None:
    assert b"unknown_action" in await asking(Leads(True)).answer(raw)
