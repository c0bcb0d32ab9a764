"""What each tag comes to, and how many users it was used by."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from routeiq.control.office import Read
from routeiq.control.store.usage_details import Slice, users_by_tag
from routeiq.control.store.usage_sums import Span
from routeiq.control.usage import spend
from routeiq.control.usage.sight import sight_of
from routeiq.kit.money import to_usd


class TagSums(BaseModel):
    tag: str
    unique_users: int
    total_requests: int
    successful_requests: int
    failed_requests: int
    total_tokens: int
    total_spend: float


class TagSummary(BaseModel):
    results: list[TagSums]


async def summary(work: Read, span: Span, part: str | None, tags: Sequence[str] | None) -> TagSummary:
    """The most used first. Args: part: of a tag, in any case.  tags: these; they count more than `part`."""
    found = await spend.tags(work, span, list(tags) if tags else None)
    if part and not tags:
        found = [(tag, sums) for tag, sums in found if part.lower() in tag.lower()]
    names = [tag for tag, _ in found]
    sight = await sight_of(work.session, work.actor)
    users = await users_by_tag(work.session, Slice(span, sight, tagged=True, tags=names))
    rows = [
        TagSums(
            tag=tag, unique_users=users.get(tag, 0), total_requests=sums.requests,
            successful_requests=sums.requests - sums.failed, failed_requests=sums.failed, total_tokens=sums.tokens,
            total_spend=to_usd(sums.cost_nano_usd),
        )
        for tag, sums in found
    ]  # fmt: skip
    return TagSummary(results=sorted(rows, key=lambda row: (-row.total_requests, row.tag)))
