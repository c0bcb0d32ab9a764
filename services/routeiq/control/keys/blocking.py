"""Block keys, and let them work again."""

from __future__ import annotations

from routeiq.control.errors import Refused
from routeiq.control.keys.answers import KeyRow
from routeiq.control.keys.finding import budget_of, tell
from routeiq.control.keys.refusals import BAD, detailed, not_found
from routeiq.control.keys.rows import key_row
from routeiq.control.keys.standing import Standing, standing_of
from routeiq.control.keys.tokens import PREFIX, hash_of
from routeiq.control.office import Write
from routeiq.control.store import keys as store
from routeiq.control.store.tables import Key

BY_ADMIN = "blocked_by_admin"


async def set_blocked(work: Write, key: str, *, blocked: bool) -> KeyRow:
    """Raises: Refused."""
    standing = await standing_of(work.session, work.actor, work.now)
    standing.need_writer()
    if not _is_key(key):
        raise Refused(400, "Invalid key format.", BAD, param="key")
    row = await store.key_of(work.session, hash_of(key), lock=True)
    if row is None:
        raise not_found() if standing.is_admin else detailed(404, f"Key not found: {hash_of(key)}")
    if not _may(standing, row, blocked=blocked):
        raise detailed(
            403,
            f"Only proxy admins, team admins, or org admins can call {work.actor.route}. "
            f"user_role={standing.role}, user_id={standing.user_id}",
        )
    row.updated_at, row.updated_by = work.now, work.actor.id
    put_block(row, standing, blocked=blocked)
    await store.write(work.session)
    await tell(work, row.hash)
    work.note("key.block" if blocked else "key.unblock", "key", row.hash)
    return key_row(row, await budget_of(work.session, row))


def put_block(row: Key, standing: Standing, *, blocked: bool) -> None:
    """With who did it, where that is an administrator: a key that leaked is not for its team to let in again."""
    by_admin = blocked and (standing.is_admin or _by_admin(row))
    row.blocked = blocked
    kept = {name: one for name, one in (row.extra or {}).items() if name != BY_ADMIN}
    row.extra = kept | ({BY_ADMIN: True} if by_admin else {})


def _by_admin(row: Key) -> bool:
    return row.blocked and bool((row.extra or {}).get(BY_ADMIN))


def _may(standing: Standing, row: Key, *, blocked: bool) -> bool:
    """An owner may block, but not lift what somebody else did; who leads its team, what no administrator did."""
    leads = standing.leads(row.team_id) and (blocked or not _by_admin(row))
    return standing.is_admin or leads or (blocked and standing.owns(row))


def _is_key(text: str) -> bool:
    return text.startswith(PREFIX) or (len(text) == 64 and all(one in "0123456789abcdef" for one in text))
