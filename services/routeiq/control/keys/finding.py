"""Find the key that a request means, and say to the gateways what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.keys.refusals import alias_taken, key_taken, not_found
from routeiq.control.keys.tokens import hash_of
from routeiq.control.office import Write
from routeiq.control.store import keys as store
from routeiq.control.store.holders import budgets
from routeiq.control.store.tables import Budget, Key


async def meant(session: AsyncSession, key: str | None, alias: str | None) -> Key:
    """Locked for a change. Raises: Refused: there is none."""
    if key is not None:
        row = await store.key_of(session, hash_of(key), lock=True)
        if row is None:
            raise not_found()
        return row
    hashes = await store.hashes_of_aliases(session, [alias or ""])
    row = await store.key_of(session, hashes[0], lock=True) if hashes else None
    if row is None:
        raise not_found("key_alias", f"Key not found. No key with key_alias='{alias}'.")
    return row


async def budget_of(session: AsyncSession, row: Key) -> Budget | None:
    return (await budgets_of(session, [row])).get(row.budget_id or "")


async def budgets_of(session: AsyncSession, rows: Sequence[Key]) -> dict[str, Budget]:
    return await budgets(session, {row.budget_id for row in rows if row.budget_id})


async def need_free(session: AsyncSession, *, key_hash: str | None = None, alias: str | None = None) -> None:
    """Raises: Refused: another key has them."""
    if alias and await store.hashes_of_aliases(session, [alias]):
        raise alias_taken(alias)
    if key_hash and await store.key_of(session, key_hash) is not None:
        raise key_taken()


async def written(work: Write, row: Key, *, new: bool = False) -> None:
    """Raises: Refused: another write came first."""
    taken = alias_taken(row.alias) if row.alias else key_taken()  # a row cannot be read once its write has failed
    try:
        await store.write(work.session, row if new else None)
    except store.KeyTaken:
        raise taken from None


async def tell(work: Write, *hashes: str) -> None:
    """Gateways forget these, and what stands for them."""
    told = set(work.changed.keys)
    named = (*hashes, *await store.still_working(work.session, hashes, work.now))
    work.changed.keys.extend(one for one in dict.fromkeys(named) if one not in told)
