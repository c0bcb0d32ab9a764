"""Delete keys. What they were stays in the archive, without what could be used again."""

from __future__ import annotations

from collections.abc import Iterable

from routeiq.control.keys.answers import KeysDeleted
from routeiq.control.keys.finding import tell
from routeiq.control.keys.refusals import wrapped
from routeiq.control.keys.rows import archived
from routeiq.control.keys.shapes import NamedKeys
from routeiq.control.keys.standing import standing_of
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Write
from routeiq.control.store import keys as store
from routeiq.control.store.tables import Key

AT_ONCE = 1000
"""Keys that one statement names; a team may have ten thousand, and who asks waits half a minute at most."""


async def delete(work: Write, body: NamedKeys) -> KeysDeleted:
    """All of them, or none. Raises: Refused."""
    standing = await standing_of(work.session, work.actor, work.now)
    standing.need_writer()
    named = body.keys or body.key_aliases or []
    hashes = map(hash_of, body.keys) if body.keys else await store.hashes_of_aliases(work.session, named)
    rows = await store.keys_of(work.session, hashes, lock=True)
    if not rows:
        raise wrapped(404, "No keys found")
    if not all(standing.may_change(row) for row in rows):
        raise wrapped(403, "You are not authorized to delete this key")
    await delete_rows(work, rows)
    return KeysDeleted(deleted_keys=named)


async def delete_rows(work: Write, rows: Iterable[Key]) -> None:
    """Also for who deletes a user or a team, with all of its keys."""
    all_of_them, end = list(rows), store.End(work.now, work.actor.id)
    for at in range(0, len(all_of_them), AT_ONCE):
        some = all_of_them[at : at + AT_ONCE]
        await tell(work, *(row.hash for row in some))
        await store.delete_keys(work.session, {row.hash: archived(row) for row in some}, end)
        for row in some:
            work.note("key.delete", "key", row.hash)
